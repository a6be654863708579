package transfer

import (
	"context"
	"sync"
)

// queuedItems is how many items of a queue are listed before they are copied, so that the
// progress knows how much there is to do.
const queuedItems = 10_000

// queue hands listed items to workers. One goroutine uses it.
type queue struct {
	// workers counts the workers that have not returned; most is how many of this queue there
	// are at most, and started how many were started.
	workers       *sync.WaitGroup
	most, started int
	// work copies items until there are no more.
	work func(ctx context.Context, items <-chan Item)
	// items is nil before the first item.
	items chan Item
}

// send hands an item to a worker. It starts a worker for each item, until there are most.
func (q *queue) send(ctx context.Context, item Item) {
	if q.items == nil {
		q.items = make(chan Item, queuedItems)
	}
	if q.started < q.most {
		q.started++
		q.workers.Go(func() { q.work(ctx, q.items) })
	}
	select {
	case q.items <- item:
	case <-ctx.Done():
	}
}

// close tells the workers that there are no more items.
func (q *queue) close() {
	if q.items != nil {
		close(q.items)
	}
}
