package quota_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
	"github.com/tranship/tranship/store/storetest"
)

// dying is a store whose server can die: its state cannot be reached any more.
type dying struct {
	*mem.Store
	dead atomic.Bool
}

var errDead = errors.New("the server has died")

func (d *dying) SwapState(ctx context.Context, entry tranship.StateEntry) (string, error) {
	if d.dead.Load() {
		return "", errDead
	}
	return d.Store.SwapState(ctx, entry)
}

// sharing returns decorators of one store that share limits.
func sharing(t *testing.T, store *mem.Store, n int, options quota.Options) (all []*quota.Store, servers []*dying) {
	t.Helper()
	options.Shared = true
	for range n {
		server := &dying{Store: store}
		limited := limited(t, server, options)
		all, servers = append(all, limited), append(servers, server)
		t.Cleanup(func() {
			if err := limited.Close(); err != nil && !server.dead.Load() {
				t.Error(err)
			}
		})
	}
	return all, servers
}

// usedBy returns what the files of an account have.
func usedBy(t *testing.T, store *mem.Store, name string) (bytes, files int64) {
	for file, err := range store.Accounts(t.Context()) {
		if err != nil {
			t.Error(err)
		}
		if file.Account != nil && *file.Account == name && !file.IsDir {
			bytes, files = bytes+file.Size, files+1
		}
	}
	return bytes, files
}

func TestSharedStore(t *testing.T) {
	storetest.Test(t, func(t *testing.T) tranship.Store {
		all, _ := sharing(t, &mem.Store{PartSize: 1000}, 2, large)
		return all[0]
	})
}

func TestSharedStores(t *testing.T) {
	storetest.TestShared(t, func(t *testing.T, n int) (stores []tranship.Store) {
		all, _ := sharing(t, &mem.Store{PartSize: 1000}, n, large)
		for _, store := range all {
			stores = append(stores, store)
		}
		return stores
	})
}

// TestSharedLimit makes random changes at three servers at the same time. The files never exceed
// the limit, and what is free in the end can be used.
func TestSharedLimit(t *testing.T) {
	const limit, most = 100_000, 300
	store := &mem.Store{PartSize: 1000}
	all, _ := sharing(t, store, 3, quota.Options{Bytes: limit, Files: most})
	var workers sync.WaitGroup
	var made, refusals atomic.Int64
	for worker := range 9 {
		workers.Go(func() {
			random, at := rand.New(rand.NewPCG(uint64(worker), 1)), all[worker%3]
			for n := range 150 {
				path, size := fmt.Sprintf("%d/%d", worker, n%20), 1+random.IntN(3000)
				err := randomly(as(t, "ann"), random, at, path, size)
				switch {
				case err == nil:
					made.Add(1)
				case errors.Is(err, tranship.ErrQuota):
					refusals.Add(1)
				case !errors.Is(err, tranship.ErrNotFound):
					t.Error(err)
				}
				if bytes, files := usedBy(t, store, "ann"); bytes > limit || files > most {
					t.Errorf("ann has %d bytes and %d files, the limits are %d and %d", bytes, files, limit, most)
				}
			}
		})
	}
	workers.Wait()
	if made.Load() == 0 || refusals.Load() == 0 {
		t.Errorf("%d changes were made and %d refused, want some of each", made.Load(), refusals.Load())
	}
	for _, at := range all {
		must(t, at.Close())
	}
	again, _ := sharing(t, store, 1, quota.Options{Bytes: limit, Files: most})
	bytes, _ := usedBy(t, store, "ann")
	must(t, put(as(t, "ann"), again[0], "rest", int(limit-bytes)))
	refused(t, put(as(t, "ann"), again[0], "more", 1), tranship.ErrQuota, tranship.LimitQuotaBytes)
}

// randomly puts, uploads, moves or removes a file.
func randomly(ctx context.Context, random *rand.Rand, store tranship.Store, path string, size int) error {
	switch random.IntN(4) {
	case 0:
		return store.Remove(ctx, path, tranship.Precondition{})
	case 1:
		return put(ctx, store, path, size)
	case 2:
		_, err := store.Move(ctx, path, path+"-moved", tranship.Precondition{})
		return err
	}
	key := []string{"", "key"}[random.IntN(2)]
	upload, err := begin(ctx, store, fmt.Sprintf("%s-%d", path, random.Uint64()), int64(min(size, 1000)), key)
	if err != nil {
		return err
	}
	err = write(ctx, upload, min(size, 1000))
	if err == nil && random.IntN(3) > 0 {
		_, err = upload.Commit(ctx, tranship.Commit{Size: int64(min(size, 1000))})
	}
	return errors.Join(err, upload.Abort(ctx))
}

// TestSharedServerDies has a server die that has used an unknown part of what it has leased. The
// others never exceed the limit. When the files were counted again, they can use the rest.
func TestSharedServerDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 100_000
		store := &mem.Store{PartSize: 1000}
		all, servers := sharing(t, store, 2, quota.Options{Bytes: limit})
		ann := as(t, "ann")
		must(t, put(ann, all[0], "first", 1000))
		servers[0].dead.Store(true)
		for n := 0; ; n++ { // it goes on within its lease, and cannot report
			if err := put(ann, all[0], fmt.Sprint("dead/", n), 1000); err != nil {
				if n == 0 {
					t.Fatalf("a server with a lease: %v", err)
				}
				break
			}
		}
		fill := func() (n int) {
			t.Helper()
			for {
				err := put(ann, all[1], fmt.Sprintf("%v/%d", time.Now(), n), 1000)
				if bytes, _ := usedBy(t, store, "ann"); bytes > limit {
					t.Fatalf("ann has %d bytes, the limit is %d", bytes, limit)
				}
				if err != nil {
					refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
					return n
				}
				n++
			}
		}
		if n := fill(); n < 50 {
			t.Errorf("beside the lease of the other server there is room for %d files of 1%%", n)
		}
		time.Sleep(time.Minute) // the lease is still valid: the server may be alive
		fill()
		time.Sleep(5 * time.Minute)
		fill() // counts the files again in the background
		synctest.Wait()
		fill()
		if bytes, _ := usedBy(t, store, "ann"); bytes != limit {
			t.Errorf("after the files were counted again, ann has %d bytes, want all of %d", bytes, limit)
		}
		if err := put(ann, all[0], "late", 1000); err == nil {
			t.Error("a server whose lease has ended admits a file")
		}
	})
}

// TestSharedResume resumes an upload of more than half of the limit at another server, where it
// does not reserve once more.
func TestSharedResume(t *testing.T) {
	store := &mem.Store{PartSize: 1000}
	all, _ := sharing(t, store, 2, quota.Options{Bytes: 1000})
	ann := as(t, "ann")
	first, err := begin(ann, all[0], "file", 600, "key")
	must(t, err)
	_, err = begin(ann, all[1], "other", 600, "key")
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	resumed, err := begin(ann, all[1], "file", 600, "key")
	must(t, err)
	must(t, first.Detach(ann))
	must(t, first.Abort(ann))
	must(t, write(ann, resumed, 600))
	_, err = resumed.Commit(ann, tranship.Commit{Size: 600})
	must(t, err)
	refused(t, put(ann, all[0], "too large", 401), tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, all[1].Close())
	must(t, put(ann, all[0], "fits", 400))

	// The file can be replaced at the limit.
	again, err := begin(ann, all[0], "file", 500, "key")
	must(t, err)
	must(t, write(ann, again, 500))
	_, err = again.Commit(ann, tranship.Commit{Size: 500})
	must(t, err)
	must(t, all[0].Close())
	again, err = begin(ann, all[0], "aborted", 100, "key")
	must(t, err)
	refused(t, put(ann, all[0], "no room", 1), tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, all[0].AbortUpload(ann, again.ID()))
	must(t, put(ann, all[0], "room", 100))
}

// TestSharedUploads begins more uploads than a principal may have at all servers together.
func TestSharedUploads(t *testing.T) {
	all, _ := sharing(t, &mem.Store{PartSize: 1000}, 3, quota.Options{Bytes: 1000, Uploads: 4})
	ann := as(t, "ann")
	for n := range 4 {
		_, err := begin(ann, all[n%3], fmt.Sprint(n), 1, "key")
		must(t, err)
	}
	_, err := begin(ann, all[2], "file", 1, "key")
	refused(t, err, tranship.ErrQuota, tranship.LimitUploads)
	_, err = begin(as(t, "ben"), all[2], "file", 1, "key")
	must(t, err)
}

// TestSharedNeedsState checks that a store without state is refused.
func TestSharedNeedsState(t *testing.T) {
	_, err := quota.New(t.Context(), noState{new(mem.Store)}, quota.Options{Bytes: 1, Shared: true})
	if !errors.Is(err, tranship.ErrUnsupported) {
		t.Errorf("New: %v, want ErrUnsupported", err)
	}
}

// noState is a store that keeps accounts and no state.
type noState struct{ tranship.Store }

func (s noState) Unwrap() any { return s.Store }

func (s noState) Passes(ability any) bool {
	_, accounts := ability.(*tranship.AccountKeeper)
	return accounts
}
