package keyedlock

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
)

func TestLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var locks Locks
		unlock, err := locks.Lock(t.Context(), "b", "a", "b")
		if err != nil {
			t.Fatal(err)
		}
		other, err := locks.Lock(t.Context(), "c")
		if err != nil {
			t.Fatal(err)
		}
		other()

		ctx, cancel := context.WithCancel(t.Context())
		waited := make(chan error)
		go func() {
			_, err := locks.Lock(ctx, "c", "b")
			waited <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-waited; !errors.Is(err, context.Canceled) {
			t.Errorf("lock: %v", err)
		}
		unlock()
		if len(locks.keys) != 0 {
			t.Errorf("remaining keys: %v", locks.keys)
		}
	})
}

func TestLocksExcludes(t *testing.T) {
	var locks Locks
	var group sync.WaitGroup
	count := 0
	for i := range 4 {
		keys := []string{"a", "b"}
		if i%2 == 0 {
			keys = []string{"b", "a"}
		}
		group.Go(func() {
			for range 100 {
				unlock, err := locks.Lock(t.Context(), keys...)
				if err != nil {
					t.Error(err)
					return
				}
				count++
				unlock()
			}
		})
	}
	group.Wait()
	if count != 400 {
		t.Errorf("counted %d", count)
	}
}

func TestWaitHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var locks Locks
		if err := locks.WaitHeld(t.Context()); err != nil {
			t.Fatal(err)
		}
		unlock, err := locks.Lock(t.Context(), "a", "b")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		waited := make(chan error, 2)
		go func() { waited <- locks.WaitHeld(ctx) }()
		synctest.Wait()
		cancel()
		if err := <-waited; !errors.Is(err, context.Canceled) {
			t.Errorf("a wait that was ended: %v", err)
		}
		go func() { waited <- locks.WaitHeld(t.Context()) }()
		synctest.Wait()
		later, err := locks.Lock(t.Context(), "c")
		if err != nil {
			t.Fatal(err)
		}
		if len(waited) > 0 {
			t.Error("it has not waited")
		}
		unlock()
		if err := <-waited; err != nil {
			t.Error(err)
		}
		later()
		if len(locks.keys) != 0 {
			t.Errorf("remaining keys: %v", locks.keys)
		}
	})
}

func TestTryLock(t *testing.T) {
	var locks Locks
	unlock, ok := locks.TryLock("a")
	if !ok {
		t.Fatal("a free key was not locked")
	}
	if _, ok := locks.TryLock("a"); ok {
		t.Error("a key was locked twice")
	}
	other, ok := locks.TryLock("b")
	if !ok {
		t.Error("another key was not locked")
	}
	other()
	unlock()
	again, err := locks.Lock(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := locks.TryLock("a"); ok {
		t.Error("a key was locked twice")
	}
	again()
	if len(locks.keys) != 0 {
		t.Errorf("remaining keys: %v", locks.keys)
	}
}

// Locks of keys that are not used any more are used for other keys, and only a few are kept.
func TestSpareLocks(t *testing.T) {
	var locks Locks
	for range 3 {
		var unlocks []func()
		for i := range 2 * maxSpare {
			unlock, ok := locks.TryLock(strconv.Itoa(i))
			if !ok {
				t.Fatalf("key %d is locked", i)
			}
			if _, ok := locks.TryLock(strconv.Itoa(i)); ok {
				t.Fatalf("key %d is locked twice", i)
			}
			unlocks = append(unlocks, unlock)
		}
		for _, unlock := range unlocks {
			unlock()
		}
		if len(locks.keys) != 0 || len(locks.spare) != maxSpare {
			t.Errorf("%d keys remain, and %d locks of no key; want 0 and %d", len(locks.keys), len(locks.spare), maxSpare)
		}
	}
}
