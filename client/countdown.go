package client

import (
	"context"
	"sync/atomic"
)

// countdown wakes a caller when the last of several slots has ended. It is safe for concurrent
// use.
type countdown struct {
	left atomic.Int64
	// done is closed when none is left.
	done chan struct{}
}

// newCountdown returns a countdown of a positive number of slots.
func newCountdown(slots int) *countdown {
	c := &countdown{done: make(chan struct{})}
	c.left.Store(int64(slots))
	return c
}

// end records that slots have ended. More than are left must not end.
func (c *countdown) end(slots int) {
	if slots > 0 && c.left.Add(-int64(slots)) == 0 {
		close(c.done)
	}
}

// wait waits until all slots have ended, or the context has.
func (c *countdown) wait(ctx context.Context) error {
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
