package sharedsync

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
)

// TestSyncerShares checks that requests join a sync that has not begun, and never one
// that has.
func TestSyncerShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, finish := make(chan string), make(chan error)
		s := Syncer{Sync: func(directory string) error {
			began <- directory
			return <-finish
		}}
		var group sync.WaitGroup
		errs := make([]error, 5)
		request := func(i int) { group.Go(func() { errs[i] = s.Request("d") }) }

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
			t.Errorf("remaining targets: %v", s.targets)
		}
	})
}
