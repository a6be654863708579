package faultproxy

import (
	"context"
	"sync"
)

// counter counts bytes and lets callers wait for a count. The zero value is ready to use.
type counter struct {
	mu    sync.Mutex
	count int64
	// grown is closed at the next growth; nil if no caller waits for one.
	grown chan struct{}
}

func (c *counter) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count += int64(n)
	if c.grown != nil {
		close(c.grown)
		c.grown = nil
	}
}

func (c *counter) value() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

func (c *counter) await(ctx context.Context, count int64) error {
	for {
		c.mu.Lock()
		if c.count >= count {
			c.mu.Unlock()
			return nil
		}
		if c.grown == nil {
			c.grown = make(chan struct{})
		}
		grown := c.grown
		c.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
