package disk

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
)

// Requests join a sync that has not begun, and never one that has.
func TestSyncerShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, finish := make(chan string), make(chan error)
		s := syncer{sync: func(directory string) error {
			began <- directory
			return <-finish
		}}
		var group sync.WaitGroup
		errs := make([]error, 5)
		request := func(i int) { group.Go(func() { errs[i] = s.request("d") }) }

		request(0)
		<-began
		for i := 1; i < 5; i++ {
			request(i)
		}
		synctest.Wait()
		first, second := errors.New("first"), errors.New("second")
		finish <- first
		<-began
		finish <- second
		group.Wait()
		for i, err := range errs {
			want := second
			if i == 0 {
				want = first
			}
			if err != want {
				t.Errorf("request %d: %v, want %v", i, err, want)
			}
		}
		if len(s.targets) != 0 {
			t.Errorf("left: %v", s.targets)
		}
	})
}

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
