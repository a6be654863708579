package disk

import "testing"

func TestSettlements(t *testing.T) {
	var s settlements
	before := s.of("a")
	s.forget("a")
	before.Store(true) // of a directory that is gone
	if s.of("a").Load() {
		t.Error("a new directory is taken for settled")
	}
	s.of("a").Store(true)
	if !s.of("a").Load() {
		t.Error("a settled directory was forgotten")
	}
	for i := range 2 * maxSettlements {
		s.of(string(rune(i)))
	}
	if n := len(s.directories); n > maxSettlements {
		t.Errorf("remembers %d directories", n)
	}
}
