package disk

import (
	"fmt"
	"sync"

	"github.com/tranship/tranship"
)

// space reserves free space for uploads until they have written their data, so that an upload
// that cannot succeed fails when it begins.
//
// A reservation does not allocate disk space. So that one owner cannot lock others out, a new
// reservation respects the reservations of its own owner in full, but those of all other
// owners only up to half of the free space. An owner can therefore always reserve half of the
// free space; which upload succeeds depends on which writes first.
type space struct {
	// least is the number of bytes that must stay free.
	least int64
	free  func() (int64, error)

	mu sync.Mutex
	// reserved is the total of all reservations in bytes, and owners that of each owner of
	// uploads.
	reserved int64
	owners   map[string]int64
	// room is the number of bytes that may be written before the free space is checked again.
	room int64
}

// recheckBytes is the maximum number of bytes that are written between two checks of the free
// space.
const recheckBytes = 64 << 20

// reservation is space for one upload. It is safe for concurrent use.
type reservation struct {
	space *space
	// owner is the owner of the upload; nil for a put, which is written immediately.
	owner *string
	left  int64 // guarded by space.mu
	// suspended is set while the bytes that are left are available to others.
	suspended bool
}

// reserve reserves n bytes for an owner. path is the path of the upload, for errors.
func (s *space) reserve(owner *string, path string, n int64) (*reservation, error) {
	r := &reservation{space: s, owner: owner}
	if err := r.grow(path, n); err != nil {
		return nil, err
	}
	return r, nil
}

// grow adds n bytes to the reservation.
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
	if err := r.takeLocked(path, n, free); err != nil {
		return err
	}
	r.left += n
	return nil
}

// takeLocked reserves n bytes if they fit into the free space.
func (r *reservation) takeLocked(path string, n, free int64) error {
	s := r.space
	free -= s.least
	var own int64
	if r.owner != nil {
		own = s.owners[*r.owner]
	}
	others := min(s.reserved-own, max(free, 0)/2)
	if n > free-own-others {
		return fmt.Errorf("%w: %d bytes for %s, beside unfinished uploads and the space that must stay free", tranship.ErrNoSpace, n, path)
	}
	r.addLocked(n)
	return nil
}

// addLocked changes the totals of reserved bytes by n, which may be negative.
func (r *reservation) addLocked(n int64) {
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

// use subtracts n bytes that were written from the reservation.
func (r *reservation) use(n int64) {
	r.space.mu.Lock()
	defer r.space.mu.Unlock()
	n = min(n, r.left)
	r.left -= n
	if !r.suspended {
		r.addLocked(-n)
	}
}

// release gives back the rest of the reservation.
func (r *reservation) release() { r.use(1<<63 - 1) }

// suspend makes the rest of the reservation available to others until resume.
func (r *reservation) suspend() {
	r.space.mu.Lock()
	defer r.space.mu.Unlock()
	if !r.suspended {
		r.suspended = true
		r.addLocked(-r.left)
	}
}

// resume reserves again what was suspended. It fails with tranship.ErrNoSpace if that does not
// fit into the free space any more.
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
	if err := r.takeLocked(path, r.left, free); err != nil {
		return err
	}
	r.suspended = false
	return nil
}

// spend must be called before n bytes are written, reserved or not. It fails if the write would
// leave less free space than must stay free, because reservations may exceed the free space.
func (s *space) spend(path string, n int64) error {
	if s.least == 0 || n <= 0 {
		return nil // the write itself fails if the disk is full
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
	s.room = min(max(free-s.least, 0), recheckBytes)
	if n > s.room {
		return fmt.Errorf("%w: %d bytes for %s, beside the space that must stay free", tranship.ErrNoSpace, n, path)
	}
	s.room -= n
	return nil
}
