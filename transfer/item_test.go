package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// onceSource can be read once, and says so only by Item.Once. Its content has size as
// its size.
type onceSource struct {
	data []byte
	size int64
	left io.Reader
	// opens counts.
	opens int
}

func (s *onceSource) Open(context.Context, string, tranship.OpenOptions) (tranship.Content, error) {
	s.opens++
	if s.left == nil {
		s.left = bytes.NewReader(s.data)
	}
	return content{s.left, tranship.File{Size: s.size}}, nil
}

// contentSizes are those of files that go in one Put, that go in parts, and between.
func contentSizes() []int {
	return []int{0, 1, 1000, tranship.MaxPutBytes, tranship.MaxPutBytes + 1, 3 << 20}
}

// listedSizes are what an item may say of a file that has size bytes.
func listedSizes(size int) map[string]int64 {
	return map[string]int64{
		"right": int64(size), "zero": 0, "larger": int64(size) + 5, "much larger": int64(size) + 10<<20,
		"smaller": int64(size) / 2, "unknown": -1, "negative": -77,
	}
}

// flakiness is how a destination fails before it works.
func flakiness() map[string]func() *faulty {
	fails := func(times int) func(string) error {
		return func(string) error {
			if times--; times >= 0 {
				return errGone
			}
			return nil
		}
	}
	return map[string]func() *faulty{
		"sound":        newFaulty,
		"begins late":  func() *faulty { f := newFaulty(); f.put, f.begin = fails(2), fails(2); return f },
		"cuts writing": func() *faulty { f := newFaulty(); f.put, f.write = fails(1), fails(1); return f },
	}
}

// A copy has all the bytes of its source, or fails and leaves nothing, whatever the item
// says of the size, and however often the destination fails.
func TestCopyNeverLosesBytes(t *testing.T) {
	sources := map[string]func(data []byte) (source Source, once bool){
		"store": func(data []byte) (Source, bool) {
			store := &mem.Store{}
			putLarge(t, store, "a", data)
			return store, false
		},
		"stdin": func(data []byte) (Source, bool) { return &Stdin{Reader: bytes.NewReader(data)}, false },
		"once": func(data []byte) (Source, bool) {
			return &onceSource{data: data, size: int64(len(data))}, true
		},
		"once of unknown size": func(data []byte) (Source, bool) { return &onceSource{data: data, size: -1}, true },
	}
	for _, size := range contentSizes() {
		for saying, listed := range listedSizes(size) {
			for kind, open := range sources {
				for flaky, destinationOf := range flakiness() {
					name := fmt.Sprintf("%d bytes listed %s from %s, %s", size, saying, kind, flaky)
					synctest.Test(t, func(t *testing.T) {
						data, destination := random(size), destinationOf()
						source, once := open(data)
						item := Item{Source: source, SourcePath: "a", Path: "copy", File: tranship.File{Size: listed}, Once: once}
						err := Copy(t.Context(), destination, itemsOf(item), Options{})
						_, isStdin := source.(*Stdin)
						mayFail := flaky != "sound" && (once || isStdin)
						switch {
						case err == nil:
							mustHave(t, destination, "copy", data)
						case !mayFail || !errors.Is(err, tranship.ErrUnavailable):
							t.Errorf("%s: %v", name, err)
						case len(paths(t, destination)) > 0:
							t.Errorf("%s: failed with %v, and committed something", name, err)
						}
						if destination.begun != 0 {
							t.Errorf("%s: %d uploads are left", name, destination.begun)
						}
						if opened, ok := source.(*onceSource); ok && opened.opens != 1 && flaky == "sound" {
							t.Errorf("%s: opened %d times", name, opened.opens)
						}
					})
				}
			}
		}
	}
}

// An upload of a stream whose item leaves the size at zero has every byte: it lost
// 262,144 of 3,145,728.
func TestCopyStdinOfZeroSize(t *testing.T) {
	store := &mem.Store{}
	item := Item{Source: &Stdin{Reader: bytes.NewReader(random(3 << 20))}, Path: "copy"}
	if err := Copy(t.Context(), store, itemsOf(item), Options{}); err != nil {
		t.Fatal(err)
	}
	mustHave(t, store, "copy", random(3<<20))
}

// Two items of one stream would share its bytes.
func TestStdinIsReadOnce(t *testing.T) {
	store, stdin, got := &mem.Store{}, &Stdin{Reader: bytes.NewReader(random(3 << 20))}, results{}
	items := itemsOf(Item{Source: stdin, Name: "1", Path: "a"}, Item{Source: stdin, Name: "2", Path: "b"})
	err := Copy(t.Context(), store, items, Options{Files: 1, Report: got.report(t)})
	if !errors.Is(err, tranship.ErrInvalid) || !errors.Is(got["2"].Err, tranship.ErrInvalid) {
		t.Errorf("error %v, results %v", err, got)
	}
	mustHave(t, store, "a", random(3<<20))
}

// An item that cannot be copied fails with ErrInvalid, and does not stop the others.
func TestCopyInvalidItems(t *testing.T) {
	empty := opener(func(context.Context, tranship.OpenOptions) (tranship.Content, error) { return nil, nil })
	good := &mem.Store{}
	putLarge(t, good, "a", random(7))
	for name, item := range map[string]Item{
		"no source":             {SourcePath: "a", Path: "b"},
		"nil store":             {Source: (*mem.Store)(nil), SourcePath: "a", Path: "b"},
		"nil function":          {Source: opener(nil), SourcePath: "a", Path: "b"},
		"stream without reader": {Source: &Stdin{}, Path: "b"},
		"nil stream":            {Source: (*Stdin)(nil), Path: "b"},
		"no content":            {Source: empty, Path: "b"},
		"no content, once":      {Source: empty, Path: "b", Once: true},
		"no path":               {Source: good, SourcePath: "a"},
		"path ends in /":        {Source: good, SourcePath: "a", Path: "b/"},
		"path of a parent":      {Source: good, SourcePath: "a", Path: "../b"},
		"nil source inside":     {SourcePath: "a", Path: "b", Inside: true},
	} {
		for _, size := range []int64{0, 5, 2 << 20, -1, -5} {
			item.Name, item.File.Size = "bad", size
			store, got := &mem.Store{}, results{}
			fine := Item{Source: good, SourcePath: "a", Name: "good", Path: "good"}
			err := Copy(t.Context(), store, itemsOf(item, fine), Options{Report: got.report(t)})
			if !errors.Is(err, tranship.ErrInvalid) || !errors.Is(got["bad"].Err, tranship.ErrInvalid) || got["good"].Err != nil {
				t.Errorf("%s of %d bytes: %v, results %v", name, size, err, got)
			}
			if all := paths(t, store); len(all) != 1 {
				t.Errorf("%s of %d bytes: committed %q", name, size, all)
			}
		}
	}
}

func TestCopyInvalidCalls(t *testing.T) {
	items := itemsOf(Item{Source: &Stdin{Reader: bytes.NewReader(nil)}, Path: "a"})
	for name, err := range map[string]error{
		"no items":              Copy(t.Context(), &mem.Store{}, nil, Options{}),
		"no destination":        Copy(t.Context(), nil, items, Options{}),
		"nil destination":       Copy(t.Context(), (*mem.Store)(nil), items, Options{}),
		"stdout without writer": Copy(t.Context(), Stdout{}, items, Options{}),
	} {
		if !errors.Is(err, tranship.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Items with one path are copied in their order: the last stays.
func TestCopySamePathInOrder(t *testing.T) {
	for _, sizes := range [][]int{{5, 6, 7}, {3 << 20, 5, 2 << 20}, {9, 4 << 20, 3}} {
		store, source := newFaulty(), &mem.Store{}
		var items []Item
		for n, size := range sizes {
			path := fmt.Sprint(n)
			putLarge(t, source, path, random(size))
			items = append(items, Item{Source: source, SourcePath: path, Path: "same", File: tranship.File{Size: int64(size)}},
				Item{Source: source, SourcePath: path, Name: path + " beside", Path: "beside" + path})
		}
		got := results{}
		if err := Copy(t.Context(), store, itemsOf(items...), Options{Report: got.report(t)}); err != nil {
			t.Fatal(err)
		}
		mustHave(t, store, "same", random(sizes[len(sizes)-1]))
		if len(got) != 2*len(sizes) || len(paths(t, store)) != len(sizes)+1 {
			t.Errorf("results %v", got)
		}
	}
}

// An item that waits for its path ends with the copy.
func TestCopySamePathStops(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	reading := make(chan struct{})
	enough := errors.New("enough")
	items := func(yield func(Item, error) bool) {
		item := Item{Source: stalling(reading), SourcePath: "a", Path: "same", File: tranship.File{Size: -1}}
		if !yield(item, nil) {
			return
		}
		go func() {
			<-reading
			cancel(enough)
		}()
		yield(item, nil)
	}
	if err := Copy(ctx, &mem.Store{}, items, Options{}); !errors.Is(err, enough) {
		t.Errorf("error %v", err)
	}
}

// The error of a copy says which files failed.
func TestFailedErrorNamesFiles(t *testing.T) {
	store := newFaulty()
	store.put = func(path string) error { return fmt.Errorf("%w: %s", tranship.ErrDenied, path) }
	source := &mem.Store{}
	for n := range 7 {
		putLarge(t, source, fmt.Sprintf("in/%d", n), random(n))
	}
	err := Copy(t.Context(), store, Files(t.Context(), source, "in", "out"), Options{Files: 1})
	failed, ok := errors.AsType[*FailedError](err)
	if !ok || failed.Failed != 7 || len(failed.Files) != 7 || failed.Files[6].Source != "in/6" || failed.Files[6].Path != "out/6" {
		t.Fatalf("%+v", err)
	}
	if !errors.Is(err, tranship.ErrDenied) {
		t.Errorf("%v does not match its files' errors", err)
	}
	want := "7 of 7 files failed"
	for n := range 5 {
		separator := "; "
		if n == 0 {
			separator = ": "
		}
		want += fmt.Sprintf("%sin/%d: permission denied: out/%d", separator, n, n)
	}
	if want += "; and 2 more"; err.Error() != want {
		t.Errorf("message %q, want %q", err, want)
	}
}

// itemsOf is a sequence of items.
func itemsOf(items ...Item) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// A source that can be read only once, and does not say so, is found out when it is tried
// again: its rest is not taken for the whole.
func TestCopyUndeclaredOnceSource(t *testing.T) {
	for _, size := range []int{1000, 700_000, 3 << 20} {
		synctest.Test(t, func(t *testing.T) {
			store, failures := newFaulty(), 1
			store.write = func(string) error {
				if failures--; failures >= 0 {
					return errGone
				}
				return nil
			}
			source := &onceSource{data: random(size), size: -1}
			item := Item{Source: source, SourcePath: "a", Path: "copy", File: tranship.File{Size: -1}}
			err := Copy(t.Context(), store, itemsOf(item), Options{})
			if !errors.Is(err, ErrChanged) || len(paths(t, store)) > 0 || store.begun != 0 {
				t.Errorf("%d bytes: %v, committed %q, opened %d times", size, err, paths(t, store), source.opens)
			}
		})
	}
}
