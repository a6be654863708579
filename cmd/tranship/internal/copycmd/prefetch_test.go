package copycmd

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tranship/tranship/transfer"
)

func TestPrefetch(t *testing.T) {
	broken := errors.New("broken")
	ended := false
	items := func(yield func(transfer.Item, error) bool) {
		defer func() { ended = true }()
		for n := range 3 * prefetchedItems {
			var err error
			if n%2 == 1 {
				err = broken
			}
			if !yield(transfer.Item{Path: fmt.Sprint(n)}, err) {
				return
			}
		}
	}
	prefetched, stop := prefetch(items)
	n := 0
	for item, err := range prefetched {
		if item.Path != fmt.Sprint(n) || (err != nil) != (n%2 == 1) {
			t.Fatalf("item %d: %v, %v", n, item.Path, err)
		}
		n++
	}
	stop()
	if n != 3*prefetchedItems {
		t.Errorf("%d items", n)
	}

	ended = false
	prefetched, stop = prefetch(items)
	for range prefetched {
		break
	}
	stop()
	if !ended {
		t.Error("the sequence is still read after stop")
	}
}
