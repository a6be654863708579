package native

import "sync"

// batchItem is one small file of a batch.
type batchItem interface {
	// batchPath is a path that at most one item of a batch may have; "" is no path.
	batchPath() string
	batchBytes() int64
}

// batcher hands items in batches to a few goroutines, which stay until close is called. An
// item waits only while all of these goroutines are busy; items that wait together are
// handed over together. It is safe for concurrent use.
type batcher[Item batchItem] struct {
	// work handles one batch. It must not keep the slice.
	work func(batch []Item)
	// workers is how many goroutines there may be, most how many items a batch may have, and
	// mostBytes how many bytes, unless it has one item.
	workers, most int
	mostBytes     int64

	mu sync.Mutex
	// changed signals idle goroutines that waiting or closed has changed.
	changed       *sync.Cond
	waiting       []Item
	running, idle int
	closed        bool
}

func newBatcher[Item batchItem](workers, most int, mostBytes int64, work func([]Item)) *batcher[Item] {
	b := &batcher[Item]{work: work, workers: workers, most: most, mostBytes: mostBytes}
	b.changed = sync.NewCond(&b.mu)
	return b
}

// add makes items wait for a goroutine. It does not keep the slice. It must not be called
// after close.
func (b *batcher[Item]) add(items ...Item) {
	if len(items) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = append(b.waiting, items...)
	b.engageLocked()
}

// engageLocked makes a goroutine take items that wait, if one may.
func (b *batcher[Item]) engageLocked() {
	switch {
	case b.idle > 0:
		b.changed.Signal()
	case b.running < b.workers:
		b.running++
		go b.run()
	}
}

// close ends the goroutines once no item waits. It does not wait for them.
func (b *batcher[Item]) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.changed.Broadcast()
}

func (b *batcher[Item]) run() {
	var batch []Item
	paths := map[string]struct{}{}
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		for len(b.waiting) == 0 && !b.closed {
			b.idle++
			b.changed.Wait()
			b.idle--
		}
		if len(b.waiting) == 0 {
			b.running--
			return
		}
		batch = b.takeLocked(batch[:0], paths)
		if len(b.waiting) > 0 {
			b.engageLocked()
		}
		b.mu.Unlock()
		b.work(batch)
		clear(batch)
		b.mu.Lock()
	}
}

// takeLocked moves the items of the next batch into batch. It uses paths, and empties it.
func (b *batcher[Item]) takeLocked(batch []Item, paths map[string]struct{}) []Item {
	clear(paths)
	bytes := int64(0)
	for _, next := range b.waiting {
		bytes += next.batchBytes()
		path := next.batchPath()
		_, repeats := paths[path]
		if len(batch) == b.most || len(batch) > 0 && (bytes > b.mostBytes || repeats) {
			break
		}
		if path != "" {
			paths[path] = struct{}{}
		}
		batch = append(batch, next)
	}
	left := copy(b.waiting, b.waiting[len(batch):])
	clear(b.waiting[left:])
	b.waiting = b.waiting[:left]
	return batch
}
