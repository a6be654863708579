package expiry_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/expiry"
	"github.com/tranship/tranship/store/mem"
)

// rules are the ages at which files, and uploads, are removed, by directory.
type rules struct{ files, uploads map[string]time.Duration }

func (r rules) of(uploads bool) map[string]time.Duration {
	if uploads {
		return r.uploads
	}
	return r.files
}

func (r rules) For(path string, uploads bool) (expiry.Rule, bool) {
	for directory, age := range r.of(uploads) {
		if path == directory || strings.HasPrefix(path, directory+"/") {
			return expiry.Rule{Text: directory + " " + age.String(), After: age}, true
		}
	}
	return expiry.Rule{}, false
}

func (r rules) Directories(uploads bool) []string {
	var all []string
	for directory := range r.of(uploads) {
		all = append(all, directory)
	}
	return all
}

// newExpiry returns an Expiry over a store, and the removals that it tells of.
func newExpiry(store *mem.Store, r rules, change func(*expiry.Options)) (*expiry.Expiry, *[]expiry.Removal) {
	removed := &[]expiry.Removal{}
	options := expiry.Options{
		Store: store, Dater: store, State: store, Rules: func() expiry.Rules { return r },
		Removed: func(removal expiry.Removal) { *removed = append(*removed, removal) },
	}
	if change != nil {
		change(&options)
	}
	return expiry.New(options), removed
}

func put(t *testing.T, store tranship.Store, paths ...string) {
	t.Helper()
	for _, path := range paths {
		old := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
		spec := tranship.Spec{Path: path, Attributes: tranship.Attributes{ModTime: &old}}
		if _, err := store.Put(t.Context(), spec, []byte(path)); err != nil {
			t.Fatal(err)
		}
	}
}

func list(t *testing.T, store tranship.Store) (paths []string) {
	t.Helper()
	for entry, err := range store.List(t.Context(), tranship.ListOptions{Recursive: true}) {
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, entry.Path)
	}
	return paths
}

// A rule removes what has not changed for so long, whatever the modified time says, and nothing
// else.
func TestPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &mem.Store{}
		e, removed := newExpiry(store, rules{files: map[string]time.Duration{"logs": 10 * time.Hour, "single": 10 * time.Hour, "none": time.Hour}}, nil)
		put(t, store, "logs/a", "logs/d/b", "logs/touched", "logs2/c", "single")
		time.Sleep(6 * time.Hour)
		put(t, store, "logs/new")
		if _, err := store.SetAttributes(t.Context(), "logs/touched", tranship.Attributes{Mode: new(tranship.File{Mode: 0o600}.Mode)}, tranship.Precondition{}); err != nil {
			t.Fatal(err)
		}
		if err := e.Pass(t.Context(), false, nil); err != nil || len(*removed) > 0 {
			t.Fatalf("too early: %v, %v", *removed, err)
		}
		time.Sleep(4 * time.Hour)
		var told []string
		report := func(removal expiry.Removal) error {
			told = append(told, removal.Path)
			return nil
		}
		if err := e.Pass(t.Context(), true, report); err != nil {
			t.Fatal(err)
		}
		slices.Sort(told)
		want := []string{"logs/a", "logs/d/b", "single"}
		if !slices.Equal(told, want) || len(*removed) > 0 || len(list(t, store)) != 6 {
			t.Errorf("a dry run told %q, removed %v, and left %q", told, *removed, list(t, store))
		}
		told = nil
		if err := e.Pass(t.Context(), false, report); err != nil {
			t.Fatal(err)
		}
		slices.Sort(told)
		if got := list(t, store); !slices.Equal(told, want) || len(*removed) != 3 || !slices.Equal(got, []string{"logs/new", "logs/touched", "logs2/c"}) {
			t.Errorf("told %q, removed %v, left %q", told, *removed, got)
		}
		if r := (*removed)[0]; r.Rule == "" || r.Size != int64(len(r.Path)) || time.Since(r.Changed) < 10*time.Hour || r.Err != nil {
			t.Errorf("%+v", r)
		}
	})
}

// swapping is a store in which another client replaces a file between the look at it and its
// removal.
type swapping struct {
	*mem.Store
	t *testing.T
}

func (s swapping) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	put(s.t, s.Store, path)
	return s.Store.Remove(ctx, path, precondition)
}

// A file that is replaced between the look and the removal stays.
func TestReplacedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &mem.Store{}
		e, removed := newExpiry(store, rules{files: map[string]time.Duration{"a": time.Hour}}, func(o *expiry.Options) {
			o.Store = swapping{store, t}
		})
		put(t, store, "a/b")
		time.Sleep(2 * time.Hour)
		if err := e.Pass(t.Context(), false, nil); err != nil {
			t.Fatal(err)
		}
		if got := list(t, store); len(got) != 1 || len(*removed) > 0 {
			t.Errorf("left %q, removed %v", got, *removed)
		}
	})
}

func TestUploads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &mem.Store{}
		e, removed := newExpiry(store, rules{uploads: map[string]time.Duration{"in": 5 * time.Hour}}, nil)
		begin := func(path string) {
			spec := tranship.Spec{Path: path, Size: new(int64(1000)), ResumeKey: path, Owner: "ann"}
			upload, err := store.Begin(t.Context(), spec)
			if err == nil {
				err = upload.Detach(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		begin("in/old")
		begin("out/old")
		begin("in/resumed")
		time.Sleep(4 * time.Hour)
		begin("in/resumed")
		begin("in/new")
		time.Sleep(time.Hour)
		if err := e.Pass(t.Context(), false, nil); err != nil {
			t.Fatal(err)
		}
		if r := *removed; len(r) != 1 || r[0].Path != "in/old" || r[0].Owner != "ann" || r[0].Upload == "" {
			t.Errorf("%+v", r)
		}
		left := 0
		for _, err := range store.ListUploads(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			left++
		}
		if left != 3 {
			t.Errorf("%d uploads are left", left)
		}
	})
}

// A pass looks at and removes only so many files in a second.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &mem.Store{}
		e, removed := newExpiry(store, rules{files: map[string]time.Duration{"a": time.Hour}}, nil)
		for i := range 2500 {
			put(t, store, fmt.Sprintf("a/%04d", i))
		}
		time.Sleep(2 * time.Hour)
		start := time.Now()
		if err := e.Pass(t.Context(), false, nil); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); len(*removed) != 2500 || took < 24*time.Second || took > 30*time.Second {
			t.Errorf("removed %d files in %v", len(*removed), took)
		}
	})
}

// Nothing is removed that cannot be recorded, and a rule about files fails with a store that does not
// know their ages.
func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &mem.Store{}
		r := rules{files: map[string]time.Duration{"a": time.Hour}}
		full := errors.New("the log is full")
		unrecorded, _ := newExpiry(store, r, func(o *expiry.Options) { o.Ready = func(context.Context) error { return full } })
		undated, _ := newExpiry(store, r, func(o *expiry.Options) { o.Dater = nil })
		put(t, store, "a/b")
		time.Sleep(2 * time.Hour)
		if err := unrecorded.Pass(t.Context(), false, nil); !errors.Is(err, full) {
			t.Error(err)
		}
		if err := undated.Pass(t.Context(), false, nil); !errors.Is(err, tranship.ErrUnsupported) {
			t.Error(err)
		}
		if len(list(t, store)) != 1 {
			t.Error("the file is gone")
		}
	})
}
