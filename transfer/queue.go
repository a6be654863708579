package transfer

import (
	"context"
	"sync"
	"sync/atomic"
)

// queuedItems is how many items of a queue are listed before they are copied, so that the
// progress knows how much there is to do.
const queuedItems = 10_000

// queue hands listed items to workers. One goroutine uses it, except for widen.
type queue struct {
	// workers counts the workers that have not returned, and most is how many of this queue there
	// are at most, beside those of widen.
	workers *sync.WaitGroup
	most    int
	// work copies items until there are no more.
	work func(ctx context.Context, items <-chan *Item)
	// items is nil before the first item. It has pointers, because the memory of a channel is that of as many
	// items as it can hold, also for one file.
	items chan *Item
	// started counts the workers that were started.
	started atomic.Int32
}

// send hands an item to a worker. It starts a worker for each item, until there are most.
func (q *queue) send(ctx context.Context, item Item) {
	if q.items == nil {
		q.items = make(chan *Item, queuedItems)
	}
	if started := q.started.Load(); int(started) < q.most && q.started.CompareAndSwap(started, started+1) {
		q.start(ctx)
	}
	select {
	case q.items <- new(item):
	case <-ctx.Done():
	}
}

// start starts a worker.
func (q *queue) start(ctx context.Context) { q.workers.Go(func() { q.work(ctx, q.items) }) }

// widen starts another worker if fewer than most were started, and at least so many items wait. A
// worker calls it.
func (q *queue) widen(ctx context.Context, most, waiting int) {
	started := q.started.Load()
	if int(started) < most && len(q.items) >= waiting && q.started.CompareAndSwap(started, started+1) {
		q.start(ctx)
	}
}

// close tells the workers that there are no more items.
func (q *queue) close() {
	if q.items != nil {
		close(q.items)
	}
}
