package disk

import (
	"fmt"
	"sync"

	"github.com/tranship/tranship"
)

// space keeps account of what uploads have been promised and have not yet written, so
// that those that cannot succeed fail when they begin.
//
// A promise takes nothing from the disk, so one owner must not keep others out with it:
// the promises of one owner hold against each other in full, and all promises of others
// together against no more than half of what is free. So whatever others have begun, half
// of the free space can be begun, and be written by the upload that is the first to.
type space struct {
	// least must stay free, in bytes.
	least int64
	free  func() (int64, error)

	mu sync.Mutex
	// reserved is what is promised, and what of it to each owner of uploads.
	reserved int64
	owners   map[string]int64
	// room is how much may be written before the next look at what is free.
	room int64
}

// lookAfter is how much is written between looks at what is free, at most.
const lookAfter = 64 << 20

// reservation is space for one upload. It is safe for concurrent use.
type reservation struct {
	space *space
	// owner is that of the upload; nil for a put, which is written at once.
	owner *string
	left  int64 // guarded by space.mu
	// suspended tells that what is left was given back for the time being.
	suspended bool
}

// reserve promises n bytes to owner for path.
func (s *space) reserve(owner *string, path string, n int64) (*reservation, error) {
	r := &reservation{space: s, owner: owner}
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
	r.space.room = min(r.space.room, max(free-r.space.least, 0))
	if r.suspended {
		r.left += n
		return nil
	}
	if err := r.take(path, n, free); err != nil {
		return err
	}
	r.left += n
	return nil
}

// take adds to what is reserved. The caller holds mu.
func (r *reservation) take(path string, n, free int64) error {
	s := r.space
	free -= s.least
	var own int64
	if r.owner != nil {
		own = s.owners[*r.owner]
	}
	others := min(s.reserved-own, max(free, 0)/2)
	if n > free-own-others {
		return fmt.Errorf("%w: %d bytes for %s, beside unfinished uploads and what must stay free", tranship.ErrNoSpace, n, path)
	}
	r.add(n)
	return nil
}

// add changes what is reserved. The caller holds mu.
func (r *reservation) add(n int64) {
	s := r.space
	s.reserved += n
	if r.owner == nil || n == 0 {
		return
	}
	if s.owners == nil {
		s.owners = make(map[string]int64)
	}
	s.owners[*r.owner] += n
	if s.owners[*r.owner] == 0 {
		delete(s.owners, *r.owner)
	}
}

// use takes n bytes, which have now been written, out of the promise.
func (r *reservation) use(n int64) {
	r.space.mu.Lock()
	defer r.space.mu.Unlock()
	n = min(n, r.left)
	r.left -= n
	if !r.suspended {
		r.add(-n)
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
		r.add(-r.left)
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
	if err := r.take(path, r.left, free); err != nil {
		return err
	}
	r.suspended = false
	return nil
}

// spend is called before n bytes are written, promised or not, and fails if less would
// stay free than must: the promises may be more than there is.
func (s *space) spend(path string, n int64) error {
	if s.least == 0 || n <= 0 {
		return nil // the disk itself tells
	}
	s.mu.Lock()
	s.room -= n
	enough := s.room >= 0
	s.mu.Unlock()
	if enough {
		return nil
	}
	free, err := s.free()
	if err != nil {
		return fail("find free space for", path, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.room = min(max(free-s.least, 0), lookAfter)
	if n > s.room {
		return fmt.Errorf("%w: %d bytes for %s, beside what must stay free", tranship.ErrNoSpace, n, path)
	}
	s.room -= n
	return nil
}
