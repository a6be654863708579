package retry

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// narrow is a store that refuses calls while limit others are running.
type narrow struct {
	*mem.Store
	mu                sync.Mutex
	limit, running    int
	refused, accepted int
}

func (n *narrow) Remove(context.Context, string, tranship.Precondition) error {
	n.mu.Lock()
	if n.running >= n.limit {
		n.refused++
		n.mu.Unlock()
		return tranship.ErrUnavailable
	}
	n.running++
	n.accepted++
	n.mu.Unlock()
	time.Sleep(10 * time.Millisecond)
	n.mu.Lock()
	n.running--
	n.mu.Unlock()
	return nil
}

// A caller whose own burst of calls is refused slows down: all calls succeed, and few are
// refused.
func TestGateAdapts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls = 20_000
		inside := &narrow{Store: &mem.Store{}, limit: 4}
		store := New(inside, Options{})
		todo := make(chan struct{})
		var workers sync.WaitGroup
		for range 64 {
			workers.Go(func() {
				for range todo {
					if err := store.Remove(t.Context(), "a", tranship.Precondition{}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range calls {
			todo <- struct{}{}
		}
		close(todo)
		workers.Wait()
		t.Logf("%d refusals of %d calls", inside.refused, inside.accepted)
		if inside.accepted != calls || inside.refused > calls/10 {
			t.Errorf("%d refusals of %d calls", inside.refused, inside.accepted)
		}
	})
}

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		tickets := make([]ticket, 8)
		for i := range tickets {
			tickets[i], _ = g.enter(t.Context())
		}
		// A wave that fails halves the limit once.
		for _, ticket := range tickets[:4] {
			g.leave(ticket, false)
		}
		if g.limit != 4 || g.running != 4 {
			t.Errorf("limit %v with %d running", g.limit, g.running)
		}
		ctx, cancel := context.WithCancel(t.Context())
		entered := make(chan error, 2)
		for _, ctx := range []context.Context{ctx, t.Context()} {
			go func() {
				_, err := g.enter(ctx)
				entered <- err
			}()
			synctest.Wait()
		}
		if len(entered) != 0 {
			t.Error("a call entered a full gate")
		}
		cancel()
		if err := <-entered; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		g.leave(tickets[4], true)
		if err := <-entered; err != nil || g.running != 4 || len(g.waiting) != 0 {
			t.Errorf("error %v, %d running, %d waiting", err, g.running, len(g.waiting))
		}
		for range 1000 {
			g.leave(tickets[5], true)
			tickets[5], _ = g.enter(t.Context())
		}
		if g.limit < 32 {
			t.Errorf("limit %v after 1,000 calls", g.limit)
		}
	})
}
