package disk

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"golang.org/x/sync/semaphore"
)

// TestTurns checks that lists of large directories take turns, that a list whose context has
// ended takes none, and that small directories need none.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := turns{semaphore.NewWeighted(1)}
		var order []string
		read := func(name string, times int) {
			turn := one.start(t.Context())
			defer turn.end()
			for range freeEntries - 1 {
				turn.next()
			}
			for range times {
				if !turn.next() {
					t.Errorf("%s got no turn", name)
				}
				order = append(order, name)
				for range turnEntries - 1 {
					turn.next()
				}
			}
		}
		if err := one.readers.Acquire(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		small := one.start(t.Context())
		for range freeEntries - 1 {
			if !small.next() {
				t.Error("a small directory needs a turn")
			}
		}
		small.end()
		go read("a", 3)
		synctest.Wait()
		go read("b", 2)
		synctest.Wait()
		one.readers.Release(1)
		synctest.Wait()
		if want := []string{"a", "b", "a", "b", "a"}; !slices.Equal(order, want) {
			t.Errorf("turns went to %v, want %v", order, want)
		}

		if err := one.readers.Acquire(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		gone := one.start(ctx)
		gone.read = freeEntries - 1
		got := make(chan bool, 1)
		go func() { got <- gone.next() }()
		synctest.Wait()
		cancel()
		if <-got {
			t.Error("a list whose context has ended got a turn")
		}
		gone.end()
		one.readers.Release(1)
		if !one.readers.TryAcquire(1) {
			t.Error("a turn was not given back")
		}
	})
}
