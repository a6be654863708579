package expiry_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/expiry"
	"github.com/tranship/tranship/store/mem"
)

// Of several servers one makes a pass at a time. One that dies does not keep the others out for
// longer than its lease.
func TestLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &mem.Store{}
		r := rules{files: map[string]time.Duration{"a": time.Hour}}
		first, _ := newExpiry(store, r, nil)
		second, removed := newExpiry(store, r, nil)
		put(t, store, "a/1", "a/2")
		time.Sleep(2 * time.Hour)
		passes := 0
		err := first.Pass(t.Context(), false, func(expiry.Removal) error {
			passes++
			if err := second.Pass(t.Context(), false, nil); !errors.Is(err, tranship.ErrUnavailable) {
				t.Errorf("two servers at once: %v", err)
			}
			if err := first.Pass(t.Context(), false, nil); !errors.Is(err, tranship.ErrUnavailable) {
				t.Errorf("two calls at once: %v", err)
			}
			return second.Pass(t.Context(), true, nil) // a dry run needs no lease
		})
		if err != nil || passes != 2 || len(*removed) > 0 {
			t.Errorf("%d, %v: %v", passes, *removed, err)
		}
		// A server that has died leaves its lease.
		if _, err := store.SwapState(t.Context(), tranship.StateEntry{Key: "expiry/lease", Value: []byte("dead"), Expires: time.Now().Add(2 * time.Minute)}); err != nil {
			t.Fatal(err)
		}
		if err := second.Pass(t.Context(), false, nil); !errors.Is(err, tranship.ErrUnavailable) {
			t.Error(err)
		}
		time.Sleep(2 * time.Minute)
		if err := second.Pass(t.Context(), false, nil); err != nil {
			t.Error(err)
		}
	})
}

// slowRules take a minute for each file, and have no rule for those below a/kept.
type slowRules struct{ rules }

func (r slowRules) For(path string, uploads bool) (expiry.Rule, bool) {
	time.Sleep(time.Minute)
	if strings.HasPrefix(path, "a/kept/") {
		return expiry.Rule{}, false
	}
	return r.rules.For(path, uploads)
}

// A pass keeps its lease while it looks at files that no rule is about.
func TestLeaseOfKeptFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &mem.Store{}
		e, removed := newExpiry(store, rules{}, func(o *expiry.Options) {
			o.Rules = func() expiry.Rules { return slowRules{rules{files: map[string]time.Duration{"a": time.Hour}}} }
		})
		for n := range 10 {
			put(t, store, fmt.Sprint("a/kept/", n))
		}
		put(t, store, "a/old")
		time.Sleep(2 * time.Hour)
		if err := e.Pass(t.Context(), false, nil); err != nil || len(*removed) != 1 {
			t.Errorf("removed %v: %v", *removed, err)
		}
	})
}

// A server that has lost its lease, because it did not run for a while, removes nothing more.
func TestLostLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &mem.Store{}
		e, removed := newExpiry(store, rules{files: map[string]time.Duration{"a": time.Hour}}, nil)
		put(t, store, "a/1", "a/2")
		time.Sleep(2 * time.Hour)
		err := e.Pass(t.Context(), false, func(expiry.Removal) error {
			time.Sleep(3 * time.Minute) // the lease expires
			_, err := store.SwapState(t.Context(), tranship.StateEntry{Key: "expiry/lease", Value: []byte("another")})
			return err
		})
		if !errors.Is(err, tranship.ErrUnavailable) || len(*removed) != 1 {
			t.Errorf("removed %v: %v", *removed, err)
		}
		if entry, err := store.GetState(t.Context(), "expiry/lease"); err != nil || string(entry.Value) != "another" {
			t.Errorf("the lease of the other server is %q: %v", entry.Value, err)
		}
	})
}

// A long pass keeps its lease, and several servers together make one pass in each interval.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &mem.Store{}
		looks := 0
		for range 3 {
			e, _ := newExpiry(store, rules{files: map[string]time.Duration{"a": 24 * time.Hour}}, func(o *expiry.Options) {
				o.Dater = countingDater{store, &looks}
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go e.Run(ctx)
		}
		put(t, store, "a/1")
		time.Sleep(23*time.Hour + 30*time.Minute)
		synctest.Wait()
		// Each pass looks at the directory itself and at the file.
		if passes := looks / 2; passes < 18 || passes > 24 {
			t.Errorf("%d passes in 24 hours", passes)
		}
		if got := list(t, store); len(got) != 1 {
			t.Error("the file was removed too early")
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if got := list(t, store); len(got) != 0 {
			t.Error("the file was not removed")
		}
	})
}

type countingDater struct {
	*mem.Store
	looks *int
}

func (c countingDater) StatChange(ctx context.Context, path string) (tranship.File, time.Time, error) {
	*c.looks++
	return c.Store.StatChange(ctx, path)
}
