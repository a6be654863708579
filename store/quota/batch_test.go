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

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// putBatch puts files of size bytes in one batch, and returns their errors.
func putBatch(ctx context.Context, store tranship.Writer, size int, paths ...string) []error {
	items := make([]tranship.PutItem, len(paths))
	for i, path := range paths {
		items[i] = tranship.PutItem{Spec: tranship.Spec{Path: path}, Data: make([]byte, size)}
	}
	errs := make([]error, len(paths))
	for i, result := range tranship.PutBatch(ctx, store, items) {
		errs[i] = result.Err
	}
	return errs
}

// Each item of a batch counts as it would alone, and one over a limit fails alone.
func TestBatchCounts(t *testing.T) {
	store := limited(t, &mem.Store{}, quota.Options{Bytes: 40, Files: 5, FileBytes: 12})
	ann := as(t, "ann")
	errs := putBatch(ann, store, 10, "a", "d/b", "e/f/c", "c")
	must(t, errors.Join(errs[0], errs[1], errs[3]))
	refused(t, errs[2], tranship.ErrQuota, tranship.LimitQuotaFiles) // two directories, and c
	has(t, store, "ann", quota.Usage{Bytes: 30, Files: 4})

	errs = putBatch(ann, store, 12, "a", "big", "c")
	must(t, errors.Join(errs[0], errs[2]))
	refused(t, errs[1], tranship.ErrQuota, tranship.LimitQuotaBytes)
	errs = putBatch(ann, store, 13, "a", "../b")
	refused(t, errs[0], tranship.ErrLimit, tranship.LimitFileBytes)
	refused(t, errs[1], tranship.ErrInvalid, "")
	has(t, store, "ann", quota.Usage{Bytes: 34, Files: 4})

	errs = putBatch(ann, store, 5, "a", "a", "d/b", "a") // one file is counted once
	must(t, errors.Join(errs...))
	has(t, store, "ann", quota.Usage{Bytes: 22, Files: 4})
	must(t, errors.Join(putBatch(as(t, "ben"), store, 1, "a", "c")...)) // and then for another
	has(t, store, "ann", quota.Usage{Bytes: 5, Files: 2})
	has(t, store, "ben", quota.Usage{Bytes: 2, Files: 2})
}

// An item that fails in the store leaves its space and its directories to the others.
func TestBatchFailures(t *testing.T) {
	for name, options := range map[string]quota.Options{"bytes": {Bytes: 10}, "files": {Files: 2}} {
		t.Run(name, func(t *testing.T) {
			store := limited(t, &mem.Store{}, options)
			data := make([]byte, 10)
			items := []tranship.PutItem{
				{Spec: tranship.Spec{Path: "bad", CRC32C: new(uint32(1))}, Data: data},
				{Spec: tranship.Spec{Path: "d/good"}, Data: data},
				{Spec: tranship.Spec{Path: "more"}, Data: data},
			}
			results := tranship.PutBatch(as(t, "ann"), store, items)
			if !errors.Is(results[0].Err, tranship.ErrIntegrity) || results[1].Err != nil || !errors.Is(results[2].Err, tranship.ErrQuota) {
				t.Errorf("the results are %+v", results)
			}
			has(t, store, "ann", quota.Usage{Bytes: 10, Files: 2})
		})
	}
}

// Without a limit that counts files, a batch is passed on, except for files that are too large.
func TestBatchWithoutCounting(t *testing.T) {
	store := limited(t, &mem.Store{}, quota.Options{FileBytes: 12})
	must(t, errors.Join(putBatch(t.Context(), store, 12, "a", "b")...))
	for _, err := range putBatch(t.Context(), store, 13, "a", "c") {
		refused(t, err, tranship.ErrLimit, tranship.LimitFileBytes)
	}
	has(t, store, "", quota.Usage{})
}

// slow is a store in which a single put of the file "slow" waits.
type slow struct {
	*mem.Store
	until chan struct{}
}

func (s slow) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	if spec.Path == "slow" {
		<-s.until
	}
	return s.Store.Put(ctx, spec, data)
}

// A call that takes long at one path of a batch delays neither the other items nor other calls
// at their paths.
func TestBatchBesideSlowCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := slow{&mem.Store{}, make(chan struct{})}
		store := limited(t, inner, quota.Options{Bytes: 1000})
		var calls sync.WaitGroup
		calls.Go(func() { must(t, put(as(t, "ann"), store, "slow", 1)) })
		synctest.Wait()
		for _, name := range []string{"ann", "ben"} {
			calls.Go(func() {
				for _, err := range putBatch(as(t, name), store, 2, name+"/first", "slow", name+"/last") {
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		cancelled, cancel := context.WithCancel(as(t, "eve"))
		calls.Go(func() {
			errs := putBatch(cancelled, store, 2, "slow", "eve")
			if !errors.Is(errs[0], context.Canceled) || errs[1] != nil {
				t.Errorf("the batch that was cancelled: %v", errs)
			}
		})
		synctest.Wait()
		cancel()
		for _, path := range []string{"ann/first", "ann/last", "ben/first", "ben/last", "eve"} {
			if _, err := store.Stat(t.Context(), path); err != nil {
				t.Errorf("beside a slow call: %v", err)
			}
			must(t, put(as(t, "eve"), store, path, 3))
		}
		close(inner.until)
		calls.Wait()
		has(t, store, "eve", quota.Usage{Bytes: 15, Files: 5})
		// The directories of ann and ben, and the last of the two puts of "slow".
		ann, ben := store.Usage("ann"), store.Usage("ben")
		if ann.Files+ben.Files != 3 || ann.Bytes+ben.Bytes != 2 || ann.ReservedBytes != 0 || ben.ReservedBytes != 0 {
			t.Errorf("ann has %v, and ben %v", ann, ben)
		}
	})
}

// Batches with the same paths, and calls that lock two of them, do not deadlock. No caller
// exceeds the quota, and in the end nothing is reserved.
func TestBatchRaces(t *testing.T) {
	const limit, workers, rounds = 1000, 12, 40
	inner := &mem.Store{}
	store := limited(t, inner, quota.Options{Bytes: limit})
	names := []string{"ann", "ben"}
	actual := func() map[string]int64 {
		sums := map[string]int64{}
		for file, err := range inner.Accounts(t.Context()) {
			must(t, err)
			sums[*file.Account] += file.Size
		}
		return sums
	}
	var group sync.WaitGroup
	var made, denied atomic.Int64
	for worker := range workers {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 2))
			ctx := as(t, names[worker%len(names)])
			path := func() string { return fmt.Sprint(random.IntN(12)) }
			for range rounds {
				var errs []error
				switch random.IntN(4) {
				case 0:
					_, err := store.Move(ctx, path(), path(), tranship.Precondition{})
					errs = append(errs, err)
				case 1:
					errs = append(errs, put(ctx, store, path(), random.IntN(300)))
				default:
					paths := make([]string, 8)
					for i := range paths {
						paths[i] = path()
					}
					errs = putBatch(ctx, store, random.IntN(300), paths...)
				}
				for _, err := range errs {
					switch {
					case err == nil:
						made.Add(1)
					case errors.Is(err, tranship.ErrQuota):
						denied.Add(1)
					case !errors.Is(err, tranship.ErrNotFound):
						t.Error(err)
					}
				}
				for name, sum := range actual() {
					if sum > limit {
						t.Errorf("%s has %d bytes", name, sum)
					}
				}
			}
		})
	}
	group.Wait()
	for _, name := range names {
		if usage := store.Usage(name); usage.Bytes != actual()[name] || usage.ReservedBytes != 0 || usage.ReservedFiles != 0 {
			t.Errorf("%s has %d bytes, and counts as %v", name, actual()[name], usage)
		}
	}
	if made.Load() == 0 || denied.Load() == 0 {
		t.Errorf("%d items were put and %d were refused: the test proves nothing", made.Load(), denied.Load())
	}
}
