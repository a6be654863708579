package transfer

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

func TestSame(t *testing.T) {
	second := modTime.Truncate(time.Second)
	for _, test := range []struct {
		name string
		a, b tranship.File
		want bool
	}{
		{"equal", tranship.File{Size: 1, ModTime: modTime}, tranship.File{Size: 1, ModTime: modTime}, true},
		{"size", tranship.File{Size: 1, ModTime: modTime}, tranship.File{Size: 2, ModTime: modTime}, false},
		{"below a microsecond", tranship.File{ModTime: modTime}, tranship.File{ModTime: modTime.Add(999)}, true},
		{"a microsecond", tranship.File{ModTime: modTime}, tranship.File{ModTime: modTime.Add(1000)}, false},
		{"kept to the second", tranship.File{ModTime: modTime}, tranship.File{ModTime: second}, true},
		{"another second", tranship.File{ModTime: modTime}, tranship.File{ModTime: second.Add(time.Second)}, false},
		{"zone", tranship.File{ModTime: modTime}, tranship.File{ModTime: modTime.In(time.FixedZone("", 3600))}, true},
		{"unknown size", tranship.File{Size: -1, ModTime: modTime}, tranship.File{Size: -1, ModTime: modTime}, false},
		{"unknown time", tranship.File{}, tranship.File{}, false},
	} {
		if Same(test.a, test.b) != test.want || Same(test.b, test.a) != test.want {
			t.Errorf("%s: not %v", test.name, test.want)
		}
	}
}

// A list that has paths from elsewhere is not believed.
func TestRebase(t *testing.T) {
	for _, test := range []struct{ path, directory, destination, want string }{
		{"a/b", "a", "x", "x/b"},
		{"a/b", "", "x", "x/a/b"},
		{"a/b/c", "a", "", "b/c"},
		{"ab/c", "a", "x", ""},
		{"a", "a", "x", ""},
		{"etc/passwd", "a", "x", ""},
	} {
		got, err := rebase(test.path, test.directory, test.destination)
		if got != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%q from %q to %q: %q, %v", test.path, test.directory, test.destination, got, err)
		}
	}
}

func TestStdinStdout(t *testing.T) {
	store := newFaulty()
	text := strings.Repeat("text", 1<<20)
	items := func(yield func(Item, error) bool) {
		yield(Item{Source: &Stdin{Reader: strings.NewReader(text)}, Name: "-", Path: "a", File: tranship.File{Size: -1}, Once: true}, nil)
	}
	if err := Copy(t.Context(), store, items, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, listed := range []int64{int64(len(text)), -1} {
		var out bytes.Buffer
		if err := Copy(t.Context(), Stdout{&out}, itemOf(store, "a", listed), Options{}); err != nil {
			t.Fatal(err)
		}
		if out.String() != text {
			t.Errorf("%d bytes came out", out.Len())
		}
	}
	broken := errors.New("broken pipe")
	err := Copy(t.Context(), Stdout{writerFunc(func([]byte) (int, error) { return 0, broken })}, itemOf(store, "a", -1), Options{})
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// oneEntry is a store of which nothing may be listed beyond one entry.
type oneEntry struct {
	tranship.Store
	t *testing.T
}

func (o oneEntry) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	if options.Limit != 1 {
		o.t.Errorf("a list with %+v", options)
	}
	return o.Store.List(ctx, options)
}

// Lookup asks for no more than one file below a directory, which may have many.
func TestLookupListsOne(t *testing.T) {
	store := oneEntry{newFaulty(), t}
	fill(t, store, map[string]int{"d/a": 1, "d/e/b": 1, "f": 1})
	for path, want := range map[string]bool{"": true, "d": true, "d/e": true, "f": false, "none": false} {
		_, isDirectory, err := Lookup(t.Context(), store, path, false)
		if isDirectory != want || (err == nil) != (path != "none") {
			t.Errorf("%q: a directory: %v, %v", path, isDirectory, err)
		}
	}
}
