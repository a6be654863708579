package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tranship/tranship"
)

// listsState checks a list.
func (f stateFixture) listsState(prefix string, want ...tranship.StateEntry) {
	f.Helper()
	var got []tranship.StateEntry
	for entry, err := range f.state.ListState(f.Context(), prefix) {
		if err != nil {
			f.Fatalf("ListState(%q): %v", prefix, err)
		}
		got = append(got, entry)
	}
	if len(got) != len(want) {
		f.Fatalf("ListState(%q) has %d values, want %d: %v", prefix, len(got), len(want), keysOf(got))
	}
	for i := range want {
		f.sameEntry(got[i], want[i])
		clobber(got[i].Value)
	}
}

func keysOf(entries []tranship.StateEntry) (keys []string) {
	for _, entry := range entries {
		keys = append(keys, entry.Key)
	}
	return keys
}

func stateLists(f stateFixture) {
	var all []tranship.StateEntry
	for _, key := range []string{"b/2", "a/b/c", "a/b", "a-b/c", "b/1", "a/bc", "c/1"} { // in another order
		all = append(all, f.swap(key, "", []byte(key)))
	}
	slices.SortFunc(all, func(a, b tranship.StateEntry) int { return strings.Compare(a.Key, b.Key) })
	for _, prefix := range []string{"", "a", "a/", "a/b", "a/b/", "a/b/c", "a/b/c/", "a-", "b", "b/", "b/1", "d", "d/", "c/1"} {
		f.listsState(prefix, slices.DeleteFunc(slices.Clone(all), func(entry tranship.StateEntry) bool {
			return !strings.HasPrefix(entry.Key, prefix)
		})...)
	}
	for entry, err := range f.state.ListState(f.Context(), "") {
		if err != nil {
			f.Fatalf("ListState: %v", err)
		}
		f.sameEntry(entry, all[0])
		break
	}
}

// stateListsChanges lists while some values change and others do not.
func stateListsChanges(f stateFixture) {
	var stay []tranship.StateEntry
	for i := range 20 {
		stay = append(stay, f.swap(fmt.Sprintf("use/%02d-stays", i), "", []byte("stays")))
	}
	stop, errs := make(chan struct{}), make(chan error, 1)
	var changing sync.WaitGroup
	changing.Go(func() {
		errs <- func() error {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return nil
				default:
				}
				key := fmt.Sprintf("use/%02d-changes", i%20)
				version, err := f.state.SwapState(f.Context(), tranship.StateEntry{Key: key, Value: []byte("first")})
				if err == nil {
					version, err = f.state.SwapState(f.Context(), tranship.StateEntry{Key: key, Version: version, Value: []byte("other")})
				}
				if err == nil {
					err = f.state.RemoveState(f.Context(), key, version)
				}
				if err != nil {
					return err
				}
			}
		}()
	})
	defer changing.Wait()
	defer sync.OnceFunc(func() { close(stop) })()
	for range 20 {
		var got []string
		for entry, err := range f.state.ListState(f.Context(), "use/") {
			if err != nil {
				f.Fatalf("ListState while values change: %v", err)
			}
			if value := string(entry.Value); value != "stays" && value != "first" && value != "other" {
				f.Fatalf("the state %s has the value %q", entry.Key, value)
			}
			got = append(got, entry.Key)
		}
		if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			f.Fatalf("ListState has %v, not in ascending order", got)
		}
		got = slices.DeleteFunc(got, func(key string) bool { return !strings.HasSuffix(key, "-stays") })
		if !slices.Equal(got, keysOf(stay)) {
			f.Fatalf("ListState has %v of the values that nothing changes, want %v", got, keysOf(stay))
		}
	}
	select {
	case err := <-errs:
		f.Fatalf("changing values beside a list: %v", err)
	default:
	}
}

// stateExpired stores values that have expired, and others that have not.
func stateExpired(f stateFixture) {
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	expired := f.swapEntry(tranship.StateEntry{Key: "use/past", Value: []byte("value"), Expires: past})
	stays := f.swapEntry(tranship.StateEntry{Key: "use/future", Value: []byte("value"), Expires: future})
	never := f.swap("use/never", "", []byte("value"))
	f.hasNone("use/past")
	f.has(stays)
	f.listsState("", stays, never)
	f.changed("use/past", expired.Version)
	f.changed("use/future", "")

	// It is as if there was no value. A swap also replaces the time of expiry.
	again := f.swapEntry(tranship.StateEntry{Key: "use/past", Value: []byte("again"), Expires: future})
	f.has(again)
	f.changed("use/past", expired.Version)
	f.has(f.swap("use/past", again.Version, []byte("for ever")))
	stays.Expires = past
	stays = f.swapEntry(stays)
	f.hasNone("use/future")
	f.changed("use/future", stays.Version)
}

// stateExpires waits until a value expires.
func stateExpires(f stateFixture) {
	expires := time.Now().Add(20 * time.Millisecond)
	entry := f.swapEntry(tranship.StateEntry{Key: "use/key", Value: []byte("value"), Expires: expires})
	for {
		got, err := f.state.GetState(f.Context(), "use/key")
		if errors.Is(err, tranship.ErrNotFound) {
			break
		}
		if err != nil {
			f.Fatalf("GetState: %v", err)
		}
		f.sameEntry(got, entry)
		runtime.Gosched()
	}
	if now := time.Now(); now.Before(expires.Add(-time.Millisecond)) {
		f.Fatalf("the value has expired at %v, want %v", now, expires)
	}
	f.listsState("")
	f.changed("use/key", entry.Version)
	f.swap("use/key", "", []byte("new"))
}

func stateContext(f stateFixture) {
	entry := f.swap("use/key", "", []byte("value"))
	ended, cancel := context.WithCancel(f.Context())
	cancel()
	_, err := f.state.GetState(ended, "use/key")
	f.fails("GetState", err, context.Canceled)
	_, err = f.state.SwapState(ended, tranship.StateEntry{Key: "use/key", Version: entry.Version})
	f.fails("SwapState", err, context.Canceled)
	_, err = f.state.SwapState(ended, tranship.StateEntry{Key: "use/new"})
	f.fails("SwapState", err, context.Canceled)
	f.fails("RemoveState", f.state.RemoveState(ended, "use/key", entry.Version), context.Canceled)
	failed := false
	for _, err := range f.state.ListState(ended, "") {
		f.fails("ListState", err, context.Canceled)
		failed = true
	}
	if !failed {
		f.Fatal("ListState with a context that has ended yields nothing")
	}
	f.listsState("", entry)
}
