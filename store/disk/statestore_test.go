package disk

import (
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/storetest"
)

// openState opens the State of a fixture's directory.
func (f fixture) openState() *State {
	f.Helper()
	state, err := OpenState(f.directory)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := state.Close(); err != nil {
			f.Errorf("Close: %v", err)
		}
	})
	return state
}

// TestStateStore shares a directory between a store and others that have only its State open, as
// in other processes.
func TestStateStore(t *testing.T) {
	t.Parallel()
	storetest.TestStateStore(t, func(t *testing.T, n int) []tranship.StateStore {
		f := newFixture(t, small, realSystem())
		all := []tranship.StateStore{f.Store}
		for len(all) < n {
			all = append(all, f.openState())
		}
		return all
	})
}
