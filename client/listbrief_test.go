package client_test

import (
	"context"
	"iter"
	"slices"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/store/mem"
)

// briefStore is a store that describes files in brief lists by path and size alone, and counts
// the lists that are not brief.
type briefStore struct {
	*mem.Store
	whole int
}

func (b *briefStore) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		if !options.Brief {
			b.whole++
		}
		for entry, err := range b.Store.List(ctx, options) {
			if options.Brief && !entry.IsDir {
				entry.File = tranship.File{Path: entry.Path, Size: entry.Size}
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

// TestListBrief checks that the server passes Brief on, and the client takes files without
// attributes.
func TestListBrief(t *testing.T) {
	store := &briefStore{Store: new(mem.Store)}
	c := connect(t, store, client.Options{})
	if _, err := c.Put(t.Context(), tranship.Spec{Path: "d/a"}, []byte("data")); err != nil {
		t.Fatal(err)
	}
	var got []tranship.File
	for entry, err := range c.List(t.Context(), tranship.ListOptions{Recursive: true, Brief: true}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, entry.File)
	}
	isEqual := func(a, b tranship.File) bool {
		return a.Path == b.Path && a.Size == b.Size && a.Version == b.Version && a.ModTime.IsZero()
	}
	if want := []tranship.File{{Path: "d/a", Size: 4}}; !slices.EqualFunc(got, want, isEqual) || store.whole > 0 {
		t.Errorf("%+v, %d whole lists; want %+v", got, store.whole, want)
	}
	for entry, err := range c.List(t.Context(), tranship.ListOptions{}) {
		if err != nil || entry.Key() != "d/" {
			t.Errorf("%+v, %v", entry, err)
		}
	}
	if store.whole != 1 {
		t.Errorf("%d whole lists, want 1", store.whole)
	}
}
