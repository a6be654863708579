package copycmd

import (
	"iter"

	"github.com/tranship/tranship/transfer"
)

// prefetchedItems is the number of items that prefetch reads ahead of the caller.
const prefetchedItems = 10_000

// walkedItem is one pair of a sequence of items and errors.
type walkedItem struct {
	item transfer.Item
	err  error
}

// prefetch starts to read a sequence before the caller ranges over it. The caller may range
// over prefetched once, and must call stop, which ends the reading and waits for it.
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
