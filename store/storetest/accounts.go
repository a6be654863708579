package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/tranship/tranship"
)

// TestAccounts tests a store that has the ability tranship.AccountKeeper. Each test calls
// open once. open returns an empty store, which it releases with t.Cleanup, and a function
// that closes the store and opens it again, as for TestDurable. The only lack that lacks may have
// is NoDirectories.
func TestAccounts(t *testing.T, open func(t *testing.T) (store tranship.Store, reopen func() tranship.Store), lacks ...Lack) {
	tests := directoryAccountTests()
	if slices.Contains(lacks, NoDirectories) {
		tests = map[string]func(f accountFixture, reopen func() tranship.Store){"no directories": makesNoDirectories}
	}
	tests["files count"] = filesCount
	for name, run := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), stalled(t))
			defer cancel()
			store, reopen := open(t)
			run(newAccountFixture(fixture{T: t, ctx: ctx, store: store}), reopen)
		})
	}
}

func directoryAccountTests() map[string]func(f accountFixture, reopen func() tranship.Store) {
	return map[string]func(f accountFixture, reopen func() tranship.Store){
		"directories count":     func(f accountFixture, _ func() tranship.Store) { directoriesCount(f) },
		"none without account":  func(f accountFixture, _ func() tranship.Store) { withoutAccount(f) },
		"refused directories":   func(f accountFixture, _ func() tranship.Store) { refusedDirectories(f) },
		"failures leave none":   func(f accountFixture, _ func() tranship.Store) { failuresLeaveNone(f) },
		"batches":               func(f accountFixture, _ func() tranship.Store) { batchesCount(f) },
		"concurrent":            func(f accountFixture, _ func() tranship.Store) { concurrentDirectories(f) },
		"any order, and reopen": randomDirectories,
	}
}

// books implements tranship.DirectoryLedger.
type books struct {
	mu     sync.Mutex
	counts map[string]int
	// most is how many directories an account may have.
	most int
}

func (b *books) MakeDirectories(name, path string, n int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.counts[name]+n > b.most {
		return fmt.Errorf("%w: %d directories for %s", tranship.ErrQuota, n, path)
	}
	b.counts[name] += n
	return nil
}

func (b *books) RemoveDirectories(name string, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.counts[name] -= n; b.counts[name] == 0 {
		delete(b.counts, name)
	}
}

type accountFixture struct {
	fixture
	keeper tranship.AccountKeeper
	books  *books
}

func newAccountFixture(f fixture) accountFixture {
	f.Helper()
	keeper, ok := tranship.As[tranship.AccountKeeper](f.store)
	if !ok {
		f.Fatal("the store has no tranship.AccountKeeper")
	}
	if err := keeper.KeepsAccounts(); err != nil {
		f.Skip(err)
	}
	books := &books{counts: make(map[string]int), most: 1 << 20}
	keeper.ReportDirectories(books)
	return accountFixture{f, keeper, books}
}

// as is a context in which files count for an account.
func (f accountFixture) as(name string) context.Context {
	return tranship.NewAccountContext(f.Context(), name)
}

func (f accountFixture) tryPut(ctx context.Context, path string) error {
	_, err := f.store.Put(ctx, tranship.Spec{Path: path, Durability: tranship.DurabilityWritten}, nil)
	return err
}

func (f accountFixture) tryUpload(ctx context.Context, path string) error {
	upload, err := f.store.Begin(ctx, tranship.Spec{Path: path, Durability: tranship.DurabilityWritten})
	if err != nil {
		return err
	}
	_, err = upload.Commit(ctx, tranship.Commit{})
	return errors.Join(err, upload.Abort(ctx))
}

func (f accountFixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// count checks the directories of each account: in the ledger, and in the store.
func (f accountFixture) count(want map[string]int) {
	f.Helper()
	f.books.mu.Lock()
	defer f.books.mu.Unlock()
	if !maps.Equal(f.books.counts, want) {
		f.Errorf("the ledger has %v, want %v", f.books.counts, want)
	}
	if kept := f.kept(); !maps.Equal(kept, want) {
		f.Errorf("the store has %v, want %v", kept, want)
	}
}

// kept are the directories of each account, as the store has them.
func (f accountFixture) kept() map[string]int {
	f.Helper()
	counts := make(map[string]int)
	for file, err := range f.keeper.Accounts(f.Context()) {
		f.must(err)
		if file.IsDir {
			counts[*file.Account]++
		}
	}
	return counts
}

func directoriesCount(f accountFixture) {
	ann, ben := f.as("ann"), f.as("ben")
	f.must(f.tryPut(ann, "a/b/c/file"))
	f.count(map[string]int{"ann": 3})
	f.must(f.tryUpload(ben, "a/b/d/file")) // only what it makes
	f.count(map[string]int{"ann": 3, "ben": 1})
	_, err := f.store.Copy(ben, "a/b/c/file", "e/f/copy", tranship.Precondition{})
	f.must(err)
	f.count(map[string]int{"ann": 3, "ben": 3})
	_, err = f.store.Move(ben, "a/b/c/file", "a/b/g/h/moved", tranship.Precondition{}) // and c goes
	f.must(err)
	f.count(map[string]int{"ann": 2, "ben": 5})
	_, err = f.store.Move(ben, "a/b/g/h/moved", "a/b/g/moved", tranship.Precondition{})
	f.must(err)
	f.count(map[string]int{"ann": 2, "ben": 4})
	f.must(f.tryPut(ann, "a/b/g/moved")) // replaced in its directory
	f.count(map[string]int{"ann": 2, "ben": 4})
	for path, want := range map[string]int{"x": 0, "a/x": 0, "a/b/d/x": 0, "a/x/y": 1, "x/y/z": 2} {
		if n, err := f.keeper.MissingDirectories(f.Context(), path); err != nil || n != want {
			f.Errorf("MissingDirectories(%s) is %d, %v, want %d", path, n, err, want)
		}
	}
	f.must(f.store.Remove(f.Context(), "a/b/g/moved", tranship.Precondition{}))
	f.must(f.store.Remove(f.Context(), "e/f/copy", tranship.Precondition{}))
	f.count(map[string]int{"ann": 2, "ben": 1})
	f.must(f.store.Remove(f.Context(), "a/b/d/file", tranship.Precondition{}))
	f.count(map[string]int{})
}

func withoutAccount(f accountFixture) {
	f.must(f.tryPut(f.Context(), "a/b/file"))
	f.count(map[string]int{})
	f.must(f.tryPut(f.as("ann"), "a/b/c/file"))
	f.count(map[string]int{"ann": 1})
	f.must(f.store.Remove(f.Context(), "a/b/c/file", tranship.Precondition{}))
	f.must(f.store.Remove(f.Context(), "a/b/file", tranship.Precondition{}))
	f.count(map[string]int{})
}

func refusedDirectories(f accountFixture) {
	ann := f.as("ann")
	f.must(f.tryPut(ann, "a/file"))
	f.books.most = 3
	for name, err := range map[string]error{
		"Put":    f.tryPut(ann, "b/c/d/file"),
		"Commit": f.tryUpload(ann, "a/c/d/e/file"),
		"Copy":   second(f.store.Copy(ann, "a/file", "b/c/d/copy", tranship.Precondition{})),
		"Move":   second(f.store.Move(ann, "a/file", "b/c/d/moved", tranship.Precondition{})),
	} {
		f.fails(name+" into too many directories", err, tranship.ErrQuota)
	}
	f.count(map[string]int{"ann": 1})
	if n, err := f.keeper.MissingDirectories(f.Context(), "b/file"); err != nil || n != 1 {
		f.Errorf("a directory was left: %d are missing, %v", n, err)
	}
	f.must(f.tryPut(ann, "b/c/file"))
	f.count(map[string]int{"ann": 3})
}

func second[T any](_ T, err error) error { return err }

func failuresLeaveNone(f accountFixture) {
	ann := f.as("ann")
	f.must(f.tryPut(ann, "file"))
	f.must(f.tryPut(ann, "d/file"))
	for name, do := range map[string]func(ctx context.Context) error{
		"Put below a file": func(ctx context.Context) error { return f.tryPut(ctx, "file/a/b") },
		"Put for a version": func(ctx context.Context) error {
			_, err := f.store.Put(ctx, tranship.Spec{Path: "a/b/c", Precondition: mustMatch("v")}, nil)
			return err
		},
		"Copy of nothing": func(ctx context.Context) error {
			return second(f.store.Copy(ctx, "nothing", "a/b/c", tranship.Precondition{}))
		},
		"Move of nothing": func(ctx context.Context) error {
			return second(f.store.Move(ctx, "nothing", "a/b/c", tranship.Precondition{}))
		},
		"Move below itself": func(ctx context.Context) error {
			return second(f.store.Move(ctx, "file", "file/a/b", tranship.Precondition{}))
		},
		"Put in place of a directory": func(ctx context.Context) error { return f.tryPut(ctx, "d") },
		"Begin without Commit": func(ctx context.Context) error {
			upload, err := f.store.Begin(ctx, tranship.Spec{Path: "a/b/c"})
			if err != nil {
				return err
			}
			_, err = upload.Commit(ctx, tranship.Commit{Size: 1})
			return errors.Join(err, upload.Abort(ctx))
		},
	} {
		if err := do(ann); err == nil {
			f.Errorf("%s succeeded", name)
		}
		f.count(map[string]int{"ann": 1})
	}
}

// deep is a path with some of a few directories.
func deep(random *rand.Rand) string {
	path := ""
	for range random.IntN(4) {
		path += string(rune('a'+random.IntN(3))) + "/"
	}
	return path + "file" + fmt.Sprint(random.IntN(2))
}

func (f accountFixture) randomChange(ctx context.Context, random *rand.Rand) error {
	switch path := deep(random); random.IntN(5) {
	case 0:
		return f.tryPut(ctx, path)
	case 1:
		return f.tryUpload(ctx, path)
	case 2:
		return second(f.store.Copy(ctx, path, deep(random), tranship.Precondition{}))
	case 3:
		return second(f.store.Move(ctx, path, deep(random), tranship.Precondition{}))
	default:
		return f.store.Remove(ctx, path, tranship.Precondition{})
	}
}

func (f accountFixture) removeAll() {
	f.Helper()
	var all []string
	for entry, err := range f.store.List(f.Context(), tranship.ListOptions{Recursive: true}) {
		f.must(err)
		all = append(all, entry.Path)
	}
	for _, path := range all {
		f.must(f.store.Remove(f.Context(), path, tranship.Precondition{}))
	}
	f.count(map[string]int{})
}

func randomDirectories(f accountFixture, reopen func() tranship.Store) {
	random := rand.New(rand.NewPCG(1, 2))
	f.books.most = 8
	for n := range 500 {
		ctx := f.as([]string{"ann", "ben"}[random.IntN(2)])
		err := f.randomChange(ctx, random)
		if err != nil && !errors.Is(err, tranship.ErrNotFound) && !errors.Is(err, tranship.ErrQuota) {
			f.Fatal(err)
		}
		f.count(f.kept())
		if n%100 == 99 {
			before := f.kept()
			f.store = reopen()
			f.keeper, _ = tranship.As[tranship.AccountKeeper](f.store)
			f.keeper.ReportDirectories(f.books)
			f.count(before)
		}
	}
	f.removeAll()
}
