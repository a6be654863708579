package disk

import "testing"

func TestEntrySyncs(t *testing.T) {
	var s entrySyncs
	before := s.of("a")
	s.forget("a")
	before.Store(true) // the sync of a directory that was removed
	if s.of("a").Load() {
		t.Error("a new directory counts as synced")
	}
	s.of("a").Store(true)
	if !s.of("a").Load() {
		t.Error("a synced directory was forgotten")
	}
	for i := range 2 * maxEntrySyncs {
		s.of(string(rune(i)))
	}
	if n := len(s.directories); n > maxEntrySyncs {
		t.Errorf("remembers %d directories", n)
	}
}
