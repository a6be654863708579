package transfer

import (
	"context"
	"sync"
)

// claims are the paths of items that are under way, so that two items with one path are
// copied one after the other, in their order. It is safe for concurrent use.
type claims struct {
	mu sync.Mutex
	// paths has, for each, what release closes; nil while no item waits for it.
	paths map[string]chan struct{}
}

// claim waits until a path is free, and takes it. It is false if the context ends first.
func (c *claims) claim(ctx context.Context, path string) bool {
	for {
		c.mu.Lock()
		free, taken := c.paths[path]
		if !taken {
			c.paths[path] = nil
			c.mu.Unlock()
			return true
		}
		if free == nil {
			free = make(chan struct{})
			c.paths[path] = free
		}
		c.mu.Unlock()
		select {
		case <-free:
		case <-ctx.Done():
			return false
		}
	}
}

// release gives a path back.
func (c *claims) release(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if free := c.paths[path]; free != nil {
		close(free)
	}
	delete(c.paths, path)
}
