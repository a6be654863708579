package native

import (
	"sync"
	"testing"
	"testing/synctest"
)

// TestWorkerPool checks that all functions run at once, that none waits for the end of
// another, and that no goroutine stays, which synctest would find.
func TestWorkerPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := make(chan struct{})
		c := newWorkerPool(done)
		for range 3 {
			var all sync.WaitGroup
			hold := make(chan struct{})
			running := 0
			var mu sync.Mutex
			for range 10 {
				all.Add(1)
				c.run(func() {
					defer all.Done()
					mu.Lock()
					running++
					mu.Unlock()
					<-hold
				})
			}
			synctest.Wait()
			if running != 10 {
				t.Errorf("%d of 10 run at once", running)
			}
			close(hold)
			all.Wait()
			synctest.Wait()
		}
		close(done)
	})
}
