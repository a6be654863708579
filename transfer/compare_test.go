package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"testing"

	"github.com/tranship/tranship"
)

// itemsAt are items with the size and time of all files of holed.
func itemsAt(paths ...string) iter.Seq2[Item, error] {
	items := make([]Item, len(paths))
	for i, path := range paths {
		items[i] = Item{Source: newFaulty(), Path: path, File: tranship.File{Size: 1, ModTime: modTime}}
	}
	return itemsOf(items...)
}

// compareAll returns what Compare finds out about the items of a sequence.
func compareAll(t *testing.T, store Lister, items iter.Seq2[Item, error], page int) map[string]comparison {
	t.Helper()
	found := map[string]comparison{}
	for item, err := range compare(t.Context(), store, "", items, 0, page) {
		if err != nil {
			t.Errorf("%s: %v", item.Path, err)
		}
		found[item.Path] = item.compared
	}
	return found
}

// Names that sort differently in a directory and in a whole path are found, whatever the pages
// of the list are.
func TestCompareOrder(t *testing.T) {
	store := &holed{keys: []string{"a-b/x", "a.b", "a/b", "a/b.c", "a/b/c", "a0", "b/x"}, after: 99}
	items := []string{"a", "a-b", "a-b/x", "a.b", "a.b/c", "a/b", "a/b", "a/b.c", "a/b/c", "a/b0", "a0", "b", "b/x", "c"}
	for page := 1; page < len(store.keys)+2; page++ {
		for path, found := range compareAll(t, store, itemsAt(items...), page) {
			want := comparedOther
			if slices.Contains(store.keys, path) {
				want = comparedSame
			}
			if found != want {
				t.Errorf("pages of %d: %s: %d, want %d", page, path, found, want)
			}
		}
	}
	unordered := compareAll(t, store, itemsAt("a/b", "a.b", "a0", "a/b.c", "b/x"), 2)
	want := map[string]comparison{"a/b": comparedSame, "a.b": notCompared, "a0": comparedSame, "a/b.c": notCompared, "b/x": comparedSame}
	if !maps.Equal(unordered, want) {
		t.Errorf("in another order: %v, want %v", unordered, want)
	}
}

func TestCompareOther(t *testing.T) {
	store := &holed{keys: []string{"a", "b", "c"}, after: 99}
	items := itemsOf(
		Item{Source: store, Path: "a", File: tranship.File{Size: 2, ModTime: modTime}},
		Item{Source: store, Path: "b", File: tranship.File{Size: 1, ModTime: modTime.Add(1e9)}},
		Item{Source: store, Path: "c", File: tranship.File{Size: 1}},
	)
	want := map[string]comparison{"a": comparedOther, "b": comparedOther, "c": comparedOther}
	if found := compareAll(t, store, items, 9); !maps.Equal(found, want) {
		t.Errorf("%v", found)
	}
	for item, err := range compare(t.Context(), store, "", items, 1e9, 9) {
		if same, _ := item.IsSame(); err != nil || same != (item.Path == "b") {
			t.Errorf("within a second: %s: %v, %v", item.Path, same, err)
		}
	}
}

// The files of a directory that a list leaves out are asked for one by one.
func TestCompareAsksBelowWhatIsLeftOut(t *testing.T) {
	store := &holed{keys: []string{"d/a", "!d/f", "!d/f-/", "!d/no/", "d/z"}, after: 9}
	files := map[string]comparison{
		"d/a": comparedSame, "d/f": comparedUnreadable, "d/f-/x": comparedUnreadable, "d/f.": comparedOther,
		"d/f/x": comparedUnreadable, "d/f0": comparedOther, "d/no/denied": comparedUnreadable,
		"d/no/there": comparedUnreadable, "d/none": comparedOther, "d/nothing/x": comparedOther, "d/z": comparedSame,
	}
	items := itemsAt(slices.Sorted(maps.Keys(files))...)
	for page := 1; page < 5; page++ {
		if found := compareAll(t, store, items, page); !maps.Equal(found, files) {
			t.Errorf("pages of %d: %v, want %v", page, found, files)
		}
	}
	// There is a file of another size at d/no/there, and the others cannot be read.
	destination := newFaulty()
	err := Copy(t.Context(), destination, Compare(t.Context(), store, "", items, 0), Options{Existing: store.Stat, Files: 1}) // Stat is not for concurrent use
	if failed, ok := errors.AsType[*FailedError](err); !ok || failed.Total != len(files) || failed.Failed != len(files)-2 {
		t.Errorf("error %v", err)
	}
	slices.Sort(store.statted)
	if want := []string{"d/f", "d/f-/x", "d/f/x", "d/no/denied", "d/no/there"}; !slices.Equal(store.statted, want) {
		t.Errorf("asked for %q, want %q", store.statted, want)
	}
}

// endless lists as many files as the caller reads, and counts them.
type endless struct{ listed int }

func (e *endless) List(_ context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		for range options.Limit {
			e.listed++
			if !yield(tranship.Entry{File: tranship.File{Path: fmt.Sprintf("%09d", e.listed), Size: 1, ModTime: modTime}}, nil) {
				return
			}
		}
	}
}

// The memory of a comparison does not grow with the list and the items.
func TestCompareRoom(t *testing.T) {
	const page = 100
	store, walked := &endless{}, 0
	items := func(yield func(Item, error) bool) {
		for walked = 1; yield(Item{Path: fmt.Sprintf("%09d", walked), File: tranship.File{Size: 1, ModTime: modTime}}, nil); {
			walked++
		}
	}
	n := 0
	for item, err := range compare(t.Context(), store, "", items, 0, page) {
		if n++; err != nil || item.compared != comparedSame {
			t.Fatalf("item %d: %v, %v", n, item.compared, err)
		}
		if n == 100*comparedItems {
			break
		}
	}
	// As many as are in memory, and one that is waited for.
	if store.listed > n+2*page+1 || walked > n+2*comparedItems+1 {
		t.Errorf("%d listed and %d walked for %d items", store.listed, walked, n)
	}
}
