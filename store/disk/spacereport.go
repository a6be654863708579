package disk

import "math"

// Space is the space of a store.
type Space struct {
	// FreeBytes is what is free on the file system for the user of the process; -1 if the
	// system does not tell it.
	FreeBytes int64
	// ReservedBytes is what unfinished uploads have reserved and not yet written.
	ReservedBytes int64
	// MinFreeBytes is Options.MinFreeBytes, which uploads must leave free.
	MinFreeBytes int64
}

// Space returns the space of the store at the moment. It fails if the file system does not answer.
func (s *Store) Space() (Space, error) {
	free, err := s.space.free()
	if err != nil {
		return Space{}, fail("find free space for", "", err)
	}
	if free == math.MaxInt64 {
		free = -1
	}
	s.space.mu.Lock()
	defer s.space.mu.Unlock()
	return Space{FreeBytes: free, ReservedBytes: s.space.reserved, MinFreeBytes: s.space.least}, nil
}
