package transfer

import (
	"slices"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// uncomparable is a source of a type that cannot be compared.
type uncomparable struct {
	*mem.Store
	_ []int
}

// TestGatherer checks where batches end, and that they do not wait for more items.
func TestGatherer(t *testing.T) {
	const half = tranship.MaxBatchBytes / 2
	one, other := &mem.Store{}, &mem.Store{}
	items := make(chan *Item, 100)
	g := &gatherer{items: items, most: 3}
	expect := func(want ...string) {
		t.Helper()
		var got []string
		for _, item := range g.next() {
			got = append(got, item.Path)
		}
		if !slices.Equal(got, want) {
			t.Errorf("a batch of %q, want %q", got, want)
		}
	}
	add := func(source Source, size int64, paths ...string) {
		for _, path := range paths {
			items <- &Item{Source: source, Path: path, File: tranship.File{Size: size}}
		}
	}
	add(one, 0, "a", "b", "c", "d", "e")
	expect("a", "b", "c")
	expect("d", "e") // without waiting
	add(one, half, "f", "g", "h")
	expect("f", "g")
	add(one, half+1, "i")
	expect("h")
	add(other, 0, "j", "k")
	expect("i")
	add(uncomparable{Store: one}, 0, "l", "m")
	expect("j", "k")
	expect("l")
	add(one, 0, "n")
	close(items)
	expect("m")
	expect("n")
	expect()
}
