package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

// TestChangeDater tests the tranship.ChangeDater of a store. It fails if tranship.As finds none. Each
// test calls open once, as for Test.
func TestChangeDater(t *testing.T, open func(t *testing.T) tranship.Store) {
	claim[tranship.ChangeDater](t, open(t))
	runAll(t, open, nil, changeDaterTests())
}

func changeDaterTests() []test {
	return []test{
		{"tells when files were changed", changesAreDated},
		{"tells that no file is there", changesOfNothing},
	}
}

// clockSkew is how far the clock of a store may differ from that of the test.
const clockSkew = time.Minute

// changesAreDated checks that the time is that of each change, and not the modified time, which the
// caller sets.
func changesAreDated(f fixture) {
	dater := ability[tranship.ChangeDater](f, f.store)
	long := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	isDated := func(path string, since time.Time) {
		f.Helper()
		want, err := f.store.Stat(f.Context(), path)
		if err != nil {
			f.Fatalf("Stat: %v", err)
		}
		file, changed, err := dater.StatChange(f.Context(), path)
		switch {
		case err != nil:
			f.Fatalf("StatChange: %v", err)
		case file.Revision() != want.Revision() || file.Path != path || file.Size != want.Size:
			f.Errorf("StatChange describes %+v, Stat %+v", file, want)
		case changed.Before(since.Add(-clockSkew)) || changed.After(time.Now().Add(clockSkew)):
			f.Errorf("%s was changed at %v, want a time from %v to now", path, changed, since)
		}
	}
	since := time.Now()
	if _, err := f.store.Put(f.Context(), tranship.Spec{Path: "old", Attributes: tranship.Attributes{ModTime: &long}}, content(1, 100)); err != nil {
		f.Fatalf("Put: %v", err)
	}
	if _, _, err := dater.StatChange(f.Context(), "old"); errors.Is(err, tranship.ErrUnsupported) {
		return // the system of the store does not tell
	}
	isDated("old", since)
	if _, err := f.store.SetAttributes(f.Context(), "old", tranship.Attributes{ModTime: new(long.Add(time.Hour))}, tranship.Precondition{}); err != nil {
		f.Fatalf("SetAttributes: %v", err)
	}
	isDated("old", since)
	if _, err := f.store.Move(f.Context(), "old", "moved", tranship.Precondition{}); err != nil {
		f.Fatalf("Move: %v", err)
	}
	isDated("moved", since)
}

func changesOfNothing(f fixture) {
	dater := ability[tranship.ChangeDater](f, f.store)
	if _, _, err := dater.StatChange(f.Context(), "none"); !errors.Is(err, tranship.ErrNotFound) {
		f.Errorf("StatChange of a missing file: %v", err)
	}
	if _, _, err := dater.StatChange(f.Context(), "../a"); !errors.Is(err, tranship.ErrInvalid) {
		f.Errorf("StatChange of an invalid path: %v", err)
	}
}
