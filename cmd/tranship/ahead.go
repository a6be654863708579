package main

import (
	"iter"

	"github.com/tranship/tranship/transfer"
)

// itemsAhead bounds how far readAhead is ahead.
const itemsAhead = 10_000

// walkedItem is an item of a sequence, or its error.
type walkedItem struct {
	item transfer.Item
	err  error
}

// readAhead begins to read a sequence before somebody wants it, which may be once. stop
// ends that, and returns when nothing is read any more.
func readAhead(items iter.Seq2[transfer.Item, error]) (ahead iter.Seq2[transfer.Item, error], stop func()) {
	read, unwanted := make(chan walkedItem, itemsAhead), make(chan struct{})
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
	ahead = func(yield func(transfer.Item, error) bool) {
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
	return ahead, stop
}
