package copycmd

import (
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/transfer"
)

// All items and errors pass in their order, whatever the sizes, and a caller that has enough gets no more.
func TestReleaseBefore(t *testing.T) {
	failure := errors.New("failure")
	sizes := []int64{1, releaseBytes, -1, 0, releaseBytes - 1, 2 * releaseBytes}
	yielded := 0
	var items iter.Seq2[transfer.Item, error] = func(yield func(transfer.Item, error) bool) {
		for i, size := range sizes {
			yielded++
			err := failure
			if i != 3 {
				err = nil
			}
			if !yield(transfer.Item{File: tranship.File{Size: size}}, err) {
				return
			}
		}
	}
	var got []int64
	for item, err := range releaseBefore(items) {
		if errors.Is(err, failure) != (len(got) == 3) {
			t.Errorf("item %d: %v", len(got), err)
		}
		got = append(got, item.File.Size)
	}
	if !slices.Equal(got, sizes) {
		t.Errorf("sizes %d, want %d", got, sizes)
	}
	yielded = 0
	for range releaseBefore(items) {
		break
	}
	if yielded != 1 {
		t.Errorf("%d items for a caller that took one", yielded)
	}
}
