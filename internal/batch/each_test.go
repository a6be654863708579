package batch_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship/internal/batch"
)

// TestEach checks that quick calls are made in their order, and that those after a long one
// wait at the same time.
func TestEach(t *testing.T) {
	const n, long = 10, 3
	for name, wait := range map[string]time.Duration{"quick": 0, "long": time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var called []int
				begun := time.Now()
				batch.Each(n, func(i int) {
					if i >= long {
						time.Sleep(wait)
					}
					mu.Lock()
					defer mu.Unlock()
					called = append(called, i)
				})
				if took := time.Since(begun); took != 2*wait {
					t.Errorf("it took %v, want %v", took, 2*wait)
				}
				if wait != 0 {
					slices.Sort(called[long+1:])
				}
				if want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(called, want) {
					t.Errorf("called %v", called)
				}
			})
		})
	}
}
