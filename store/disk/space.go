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
	// suspended tells that what is left was given back for the time being.
	suspended bool
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
	if r.suspended {
		r.left += n
		return nil
	}
	if err := r.space.take(path, n, free); err != nil {
		return err
	}
	r.left += n
	return nil
}

// take adds to what is reserved. The caller holds mu.
func (s *space) take(path string, n, free int64) error {
	if n > free-s.reserved-s.least {
		return fmt.Errorf("%w: %d bytes for %s, beside unfinished uploads and what must stay free", tranship.ErrNoSpace, n, path)
	}
	s.reserved += n
	return nil
}

// use takes n bytes, which have now been written, out of the promise.
func (r *reservation) use(n int64) {
	r.space.mu.Lock()
	defer r.space.mu.Unlock()
	n = min(n, r.left)
	r.left -= n
	if !r.suspended {
		r.space.reserved -= n
	}
}

// release gives back what is left.
func (r *reservation) release() { r.use(1<<63 - 1) }

// suspend lets others have what is left until resume.
func (r *reservation) suspend() {
	r.space.mu.Lock()
	defer r.space.mu.Unlock()
	if !r.suspended {
		r.suspended = true
		r.space.reserved -= r.left
	}
}

// resume takes back what was suspended. tranship.ErrNoSpace: it is not there any
// more.
func (r *reservation) resume(path string) error {
	r.space.mu.Lock()
	suspended := r.suspended
	r.space.mu.Unlock()
	if !suspended {
		return nil
	}
	free, err := r.space.free()
	if err != nil {
		return fail("find free space for", path, err)
	}
	r.space.mu.Lock()
	defer r.space.mu.Unlock()
	if !r.suspended {
		return nil
	}
	if err := r.space.take(path, r.left, free); err != nil {
		return err
	}
	r.suspended = false
	return nil
}
