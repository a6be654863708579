package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/tranship/tranship"
)

// sharedStateTest is one property of several instances with the same values.
type sharedStateTest struct {
	name string
	run  func(f stateFixture, all []stateFixture)
}

func sharedStateTests() []sharedStateTest {
	return []sharedStateTest{
		{"seen by all", sharedStateSeen},
		{"a value comes back", sharedStateReturns},
		{"one creates", sharedStateCreates},
		{"one swaps", sharedStateSwaps},
		{"none is lost", sharedStateCounts},
		{"removed or swapped", sharedStateRemoves},
	}
}

func sharedStateSeen(f stateFixture, all []stateFixture) {
	var entry tranship.StateEntry
	for round := range 9 {
		at := all[round%len(all)]
		entry = at.swap("use/key", entry.Version, strconv.AppendInt(nil, int64(round), 10))
		for _, other := range all {
			other.has(entry)
			other.listsState("", entry)
		}
	}
	f.removeState(entry)
	for _, other := range all {
		other.hasNone("use/key")
		other.listsState("")
		other.changed("use/key", entry.Version)
	}
}

// sharedStateReturns gives a key its first value again at another instance.
func sharedStateReturns(f stateFixture, all []stateFixture) {
	first := f.swap("use/key", "", []byte("a"))
	b := all[1].swap("use/key", first.Version, []byte("b"))
	again := all[2].swap("use/key", b.Version, []byte("a"))
	for _, at := range all {
		at.changed("use/key", first.Version)
		at.changed("use/key", b.Version)
	}
	all[1].removeState(again)
	again = all[2].swap("use/key", "", []byte("a"))
	f.changed("use/key", first.Version)
	f.swap("use/key", again.Version, []byte("c"))
}

func sharedStateCreates(f stateFixture, all []stateFixture) {
	for round := range 10 {
		key := fmt.Sprintf("use/%d", round)
		errs := together(racers, func(i int) error {
			_, err := all[i%len(all)].state.SwapState(f.Context(), tranship.StateEntry{Key: key, Value: content(byte(i), 100)})
			return err
		})
		f.hasValue(all, key, content(byte(f.onlyWinner(errs, tranship.ErrPrecondition)), 100))
	}
}

func sharedStateSwaps(f stateFixture, all []stateFixture) {
	entry := f.swap("use/key", "", []byte("first"))
	for range 10 {
		errs := together(racers, func(i int) error {
			_, err := all[i%len(all)].state.SwapState(f.Context(), tranship.StateEntry{Key: entry.Key, Version: entry.Version, Value: content(byte(i), 100)})
			return err
		})
		entry = f.hasValue(all, "use/key", content(byte(f.onlyWinner(errs, tranship.ErrPrecondition)), 100))
	}
}

// hasValue checks that all instances have the same entry of a key, with a value, and returns it.
func (f stateFixture) hasValue(all []stateFixture, key string, value []byte) tranship.StateEntry {
	f.Helper()
	entry, err := f.state.GetState(f.Context(), key)
	if err != nil {
		f.Fatalf("GetState(%q): %v", key, err)
	}
	f.sameBytes(entry.Value, value)
	for _, at := range all {
		at.has(entry)
	}
	return entry
}

// sharedStateCounts counts to a number together. Each racer reads and swaps until it succeeds.
func sharedStateCounts(f stateFixture, all []stateFixture) {
	const each = 5
	errs := together(racers, func(i int) error {
		state := all[i%len(all)].state
		for range each {
			if err := countState(f, state); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		f.Fatalf("counting: %v", err)
	}
	f.hasValue(all, "use/count", strconv.AppendInt(nil, racers*each, 10))
}

// countState adds 1 to the value of a key.
func countState(f stateFixture, state tranship.StateStore) error {
	for {
		entry, err := state.GetState(f.Context(), "use/count")
		if errors.Is(err, tranship.ErrNotFound) {
			entry, err = tranship.StateEntry{Key: "use/count", Value: []byte("0")}, nil
		}
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(entry.Value))
		if err != nil {
			return err
		}
		entry.Value = strconv.AppendInt(nil, int64(n)+1, 10)
		if _, err = state.SwapState(f.Context(), entry); !errors.Is(err, tranship.ErrPrecondition) {
			return err
		}
	}
}

// sharedStateRemoves removes a value at some instances while others swap it.
func sharedStateRemoves(f stateFixture, all []stateFixture) {
	for round := range 10 {
		key := fmt.Sprintf("use/%d", round)
		entry := f.swap(key, "", []byte("first"))
		errs := together(racers, func(i int) error {
			state := all[i%len(all)].state
			if i%2 == 0 {
				return state.RemoveState(f.Context(), key, entry.Version)
			}
			_, err := state.SwapState(f.Context(), tranship.StateEntry{Key: key, Version: entry.Version, Value: content(byte(i), 100)})
			return err
		})
		winner := f.onlyWinner(errs, tranship.ErrPrecondition)
		if winner%2 == 0 {
			for _, at := range all {
				at.hasNone(key)
			}
		} else {
			f.hasValue(all, key, content(byte(winner), 100))
		}
	}
}

// reopenState checks that the values of a store stay, as do their versions and times of expiry.
func reopenState(f fixture, reopen func() fixture) {
	state := f.ofState()
	future := time.Now().Add(time.Hour)
	kept := state.swapEntry(tranship.StateEntry{Key: "use/kept", Value: content(1, tranship.MaxStateBytes), Expires: future})
	old := state.swap("use/swapped", "", []byte("first"))
	swapped := state.swap("use/swapped", old.Version, nil)
	removed := state.swap("use/removed", "", []byte("value"))
	expired := state.swapEntry(tranship.StateEntry{Key: "use/expired", Expires: time.Now().Add(-time.Hour)})
	state.removeState(removed)
	for range 2 {
		state = reopen().ofState()
		state.listsState("", kept, swapped)
		state.changed("use/swapped", old.Version)
		state.changed("use/removed", removed.Version)
		state.changed("use/expired", expired.Version)
	}
	swapped = state.swap("use/swapped", swapped.Version, []byte("third"))
	removed = state.swap("use/removed", "", []byte("value"))
	reopen().ofState().listsState("", kept, removed, swapped)
}
