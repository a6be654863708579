package verification_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/verification"
	"github.com/tranship/tranship/store/mem"
)

// filled returns a store with files a to e, of 1,000 bytes each.
func filled(t *testing.T) *mem.Store {
	t.Helper()
	store := &mem.Store{}
	for i, path := range []string{"a", "b", "d/c", "d/d", "e"} {
		modified := time.Unix(int64(i), 0)
		if _, err := store.Put(t.Context(), tranship.Spec{Path: path, Attributes: tranship.Attributes{ModTime: &modified}}, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

// pass makes a pass, and returns the findings by path.
func pass(t *testing.T, ctx context.Context, options verification.Options) (verification.Totals, map[string]verification.Kind, error) {
	t.Helper()
	found := map[string]verification.Kind{}
	options.Report = func(f verification.Finding) { found[f.Path] = f.Kind }
	totals, err := verification.Pass(ctx, options)
	return totals, found, err
}

func TestPassCounts(t *testing.T) {
	store := filled(t)
	read := verification.Reading(store, 0)
	changes := 0
	check := func(ctx context.Context, path string) (tranship.File, error) {
		file, err := read(ctx, path)
		switch path {
		case "a":
			return tranship.File{}, fmt.Errorf("%w: a", tranship.ErrIntegrity)
		case "b":
			file.CRC32C = nil
		case "d/c":
			return tranship.File{}, errors.New("input/output error")
		case "d/d":
			if changes++; changes < 3 {
				return tranship.File{}, tranship.ErrPrecondition
			}
		case "e":
			return tranship.File{}, tranship.ErrNotFound
		}
		return file, err
	}
	totals, found, err := pass(t, t.Context(), verification.Options{Store: store, Check: check, Parallel: 3})
	if err != nil {
		t.Fatal(err)
	}
	want := verification.Totals{Files: 3, Bytes: 3000, Mismatched: 1, NoChecksum: 1, Unreadable: 1, Changed: 1, After: "e"}
	if totals != want {
		t.Errorf("%+v, want %+v", totals, want)
	}
	kinds := map[string]verification.Kind{"a": verification.Mismatch, "b": verification.NoChecksum, "d/c": verification.Unreadable}
	if !maps.Equal(found, kinds) {
		t.Errorf("found %v, want %v", found, kinds)
	}
}

// TestPassContinues ends a pass in the middle, while a later file is done and an earlier one is not,
// and continues it.
func TestPassContinues(t *testing.T) {
	store := filled(t)
	read := verification.Reading(store, 0)
	ctx, cancel := context.WithCancel(t.Context())
	first, later := make(chan struct{}), make(chan struct{})
	check := func(ctx context.Context, path string) (tranship.File, error) {
		switch path {
		case "a":
			defer close(first)
		case "b":
			<-first
			<-later
			cancel()
			return tranship.File{}, ctx.Err()
		case "d/c":
			defer close(later)
		case "d/d", "e":
			<-ctx.Done()
			return tranship.File{}, ctx.Err()
		}
		return read(ctx, path)
	}
	totals, _, err := pass(t, ctx, verification.Options{Store: store, Check: check, Parallel: 8})
	if !errors.Is(err, context.Canceled) || totals.After != "a" {
		t.Fatalf("%+v, %v; want all up to a", totals, err)
	}
	var paths []string
	check = func(ctx context.Context, path string) (tranship.File, error) {
		paths = append(paths, path)
		return read(ctx, path)
	}
	if totals, _, err = pass(t, t.Context(), verification.Options{Store: store, Check: check, StartAfter: totals.After}); err != nil || totals.Files != 4 {
		t.Fatalf("%+v, %v", totals, err)
	}
	if want := []string{"b", "d/c", "d/d", "e"}; !slices.Equal(paths, want) {
		t.Errorf("read %q, want %q", paths, want)
	}
}

func TestPassSelects(t *testing.T) {
	store := filled(t)
	for _, test := range []struct {
		options verification.Options
		files   int64
	}{
		{verification.Options{}, 5},
		{verification.Options{Directory: "d"}, 2},
		{verification.Options{Since: time.Unix(2, 0)}, 2},
		{verification.Options{Before: time.Unix(2, 0)}, 2},
		{verification.Options{StartAfter: "d/d"}, 1},
	} {
		test.options.Store, test.options.Check = store, verification.Reading(store, 0)
		if totals, _, err := pass(t, t.Context(), test.options); err != nil || totals.Files != test.files {
			t.Errorf("%+v: %+v, %v", test.options, totals, err)
		}
	}
}

// TestPassEnds checks that an outage ends the pass, and is not reported for each file.
func TestPassEnds(t *testing.T) {
	store := filled(t)
	check := func(context.Context, string) (tranship.File, error) {
		return tranship.File{}, tranship.ErrUnavailable
	}
	totals, found, err := pass(t, t.Context(), verification.Options{Store: store, Check: check})
	if !errors.Is(err, tranship.ErrUnavailable) || len(found) > 0 || totals != (verification.Totals{}) {
		t.Errorf("%+v, %v, %v", totals, found, err)
	}
}

// TestPace checks in virtual time of the limiter that a pace of a byte a second does not let a
// second file pass whose deadline comes before.
func TestPace(t *testing.T) {
	store := filled(t)
	check := verification.Reading(store, 1)
	burst := 256 << 10
	for range burst / 1000 {
		if _, err := check(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := check(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the deadline", err)
	}
}
