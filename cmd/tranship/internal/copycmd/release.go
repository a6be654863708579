package copycmd

import (
	"iter"

	"github.com/tranship/tranship/internal/codepages"
	"github.com/tranship/tranship/transfer"
)

// releaseBytes is the size of a file whose copy takes much longer than codepages.Release.
const releaseBytes = 16 << 20

// releaseBefore yields the items, and gives back the pages that only the start of the program needed before the
// first large one, or the first of unknown size, whose buffers take their place.
func releaseBefore(items iter.Seq2[transfer.Item, error]) iter.Seq2[transfer.Item, error] {
	return func(yield func(transfer.Item, error) bool) {
		released := false
		for item, err := range items {
			if size := item.File.Size; err == nil && !released && (size < 0 || size >= releaseBytes) {
				// The copy works as well without it.
				_ = codepages.Release()
				released = true
			}
			if !yield(item, err) {
				return
			}
		}
	}
}
