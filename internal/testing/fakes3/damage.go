package fakes3

import (
	"slices"
	"strings"
)

// Damage changes one bit in the middle of each object whose key ends in suffix, and keeps its ETag
// and checksum, as a medium does that loses bits. It returns how many objects it has changed.
func (s *Server) Damage(suffix string) (damaged int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, found := range s.objects {
		if !strings.HasSuffix(key, suffix) || len(found.data) == 0 {
			continue
		}
		changed := *found
		changed.data = slices.Clone(found.data)
		changed.data[len(changed.data)/2] ^= 1
		s.objects[key] = &changed
		damaged++
	}
	return damaged
}
