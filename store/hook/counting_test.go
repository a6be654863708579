package hook_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

func newCounting() counting {
	inner := newStore()
	return counting{inner, inner, new(atomic.Int64), new(atomic.Int64), new(atomic.Bool)}
}

// SwapState implements tranship.StateStore.
func (c counting) SwapState(ctx context.Context, entry tranship.StateEntry) (string, error) {
	c.swaps.Add(1)
	if c.fail.Load() {
		return "", fmt.Errorf("%w: the state is away", tranship.ErrUnavailable)
	}
	return c.StateStore.SwapState(ctx, entry)
}

// PutBatch implements tranship.BatchPutter.
func (c counting) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	c.batches.Add(1)
	return tranship.PutBatch(ctx, c.Store, items)
}

// waitSome waits until the hook was told of n events.
func (c *carrier) waitSome(t *testing.T, n int) {
	t.Helper()
	timer := time.NewTimer(waitTime)
	defer timer.Stop()
	for {
		c.mu.Lock()
		has, changed := len(c.events), c.changed
		c.mu.Unlock()
		if has >= n {
			return
		}
		select {
		case <-changed:
		case <-timer.C:
			t.Fatalf("the hook was told of %d events, want %d", has, n)
		}
	}
}
