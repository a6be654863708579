package fair

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestQueueSmallCalls checks that calls of one place, where an ordinary call takes eight, share the
// places of eight, and that those of a caller that sends nothing give way to an ordinary call.
func TestQueueSmallCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const call, calls = 8, 4
		q := New(Options{Places: calls * call, Call: call, Room: 2 * calls * call, Full: "full"})
		ctx, cancel := context.WithCancel(t.Context())
		var active, refused atomic.Int64
		enter := func(caller, n int) {
			for range n {
				go func() {
					p, err := q.Enter(from(ctx, caller), 1, true)
					if err != nil {
						refused.Add(1)
						return
					}
					active.Add(1)
					select {
					case <-ctx.Done():
					case <-p.Over():
					}
					p.Leave()
					active.Add(-1)
				}()
			}
			synctest.Wait()
		}
		enter(1, 1000)
		// One caller has three quarters of the places, and of the room.
		if got, want := active.Load(), int64(3*call); got != want {
			t.Errorf("one caller has %d small calls under way, want %d", got, want)
		}
		if got, want := refused.Load(), int64(1000-6*call); got != want {
			t.Errorf("%d of its calls were refused, want %d", got, want)
		}
		enter(2, 1000)
		begun := time.Now()
		p, err := q.Enter(from(ctx, 3), call, true)
		if err != nil || time.Since(begun) > time.Second {
			t.Fatalf("an ordinary call of another caller has waited for %v: %v", time.Since(begun), err)
		}
		q.mu.Lock()
		used, present := q.used, q.present
		q.mu.Unlock()
		if used.all > q.places || present.all > q.room {
			t.Errorf("%d places and %d of the room are taken", used.all, present.all)
		}
		p.Leave()
		cancel()
		synctest.Wait()
		if q.present != (tally{}) || q.used != (tally{}) || len(q.callers) != 0 || q.waiting != 0 {
			t.Errorf("when all have left, %+v of the room and %+v places of %d callers are counted", q.present, q.used, len(q.callers))
		}
	})
}
