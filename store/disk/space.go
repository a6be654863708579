package disk

import (
	"fmt"
	"sync"

	"github.com/tranship/tranship"
)

// space keeps account of what uploads have been promised and have not yet written,
// so that those that cannot succeed fail when they begin.
type space struct {
	least int64
	free  func() (int64, error)

	mu       sync.Mutex
	reserved int64
}

// reservation is space for one upload. It is safe for concurrent use.
type reservation struct {
	space *space
	left  int64 // guarded by space.mu
}

// reserve promises n bytes for path.
func (s *space) reserve(path string, n int64) (*reservation, error) {
	r := &reservation{space: s}
	if err := r.grow(path, n); err != nil {
		return nil, err
	}
	return r, nil
}

// grow promises n bytes more.
func (r *reservation) grow(path string, n int64) error {
	free, err := r.space.free()
	if err != nil {
		return fail("find free space for", path, err)
	}
	r.space.mu.Lock()
	defer r.space.mu.Unlock()
	if n > free-r.space.reserved-r.space.least {
		return fmt.Errorf("%w: %d bytes for %s, beside unfinished uploads and what must stay free", tranship.ErrNoSpace, n, path)
	}
	r.left += n
	r.space.reserved += n
	return nil
}

// use takes n bytes, which have now been written, out of the promise.
func (r *reservation) use(n int64) {
	r.space.mu.Lock()
	defer r.space.mu.Unlock()
	n = min(n, r.left)
	r.left -= n
	r.space.reserved -= n
}

// release gives back what is left.
func (r *reservation) release() { r.use(1<<63 - 1) }
