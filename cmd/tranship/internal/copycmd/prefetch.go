package copycmd

import (
	"iter"

	"github.com/tranship/tranship/transfer"
)

// prefetchedItems is how many items prefetch reads before they are asked for.
const prefetchedItems = 10_000

// walkedItem is an item of a sequence, or its error.
type walkedItem struct {
	item transfer.Item
	err  error
}

// prefetch begins to read a sequence before the caller ranges over it, which may be once. stop
// ends that, and returns when nothing is read any more.
func prefetch(items iter.Seq2[transfer.Item, error]) (prefetched iter.Seq2[transfer.Item, error], stop func()) {
	read, unwanted := make(chan walkedItem, prefetchedItems), make(chan struct{})
	go func() {
		defer close(read)
		for item, err := range items {
			select {
			case read <- walkedItem{item, err}:
			case <-unwanted:
				return
			}
		}
	}()
	prefetched = func(yield func(transfer.Item, error) bool) {
		for next := range read {
			if !yield(next.item, next.err) {
				return
			}
		}
	}
	stop = func() {
		close(unwanted)
		for range read {
		}
	}
	return prefetched, stop
}
