package s3

import (
	"context"
	"maps"
	"slices"
)

// reserve waits for n bytes of the store's memory. The caller must release them. While it waits,
// small uploads whose writers are closed give up their memory: they could hold it for as long as
// their callers take to commit, and these may wait for the caller of reserve.
func (s *Store) reserve(ctx context.Context, n int64) error {
	if s.memory.TryAcquire(n) {
		return nil
	}
	s.mu.Lock()
	s.waiting++
	kept := slices.Collect(maps.Keys(s.kept))
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.waiting--
	}()
	freed := int64(0)
	for _, u := range kept {
		if freed >= n {
			break
		}
		freed += u.spill()
	}
	return s.memory.Acquire(ctx, n)
}

// keep notes that a small upload keeps its bytes until it is committed. It returns true if other
// callers wait for memory, so that the upload must spill.
func (s *Store) keep(u *upload) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[u] = struct{}{}
	return s.waiting > 0
}

// spill makes a small upload one in parts, and sends the bytes that it keeps. It returns how many
// bytes of memory it gives back soon. It keeps those of an upload that is being committed, and
// those under a condition that the engine only checks of small files.
func (u *upload) spill() (freed int64) {
	if u.store.decidable(u.spec.Path, u.spec.Precondition) != nil || !u.changing.TryAcquire(1) {
		return 0
	}
	defer u.changing.Release(1)
	u.mu.Lock()
	defer u.mu.Unlock()
	p := u.parts[0]
	if u.ended != nil || !u.small || p == nil || !p.closed || p.reserved == 0 {
		return 0
	}
	u.store.mu.Lock()
	delete(u.store.kept, u)
	u.store.mu.Unlock()
	u.small = false
	u.send(0, p)
	return p.reserved
}
