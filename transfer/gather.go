package transfer

import (
	"context"
	"reflect"
	"time"

	"github.com/tranship/tranship"
)

const (
	// batchWorkers is how many batches of small files are copied at the same time, so that
	// some are read while others are stored, and mostBatchWorkers how many if each takes long.
	batchWorkers, mostBatchWorkers = 4, 32
	// batchPace is how often a batch should end, if there are not too many. With a batch of 4 KiB
	// files each 2 ms, a link of 1 Gbit/s is full.
	batchPace = 2 * time.Millisecond
	// mostBatched is how many files a batch has at most: enough that what a batch costs is
	// little for each, and few enough that a file that fails holds up few others.
	mostBatched = 64
)

// isBatchable reports whether an item can be copied in a batch: as a small file, between two
// ends that both take batches.
func (c *copier) isBatchable(item *Item) bool {
	if c.putter == nil || c.batched() < 2 || item.Once || item.Inside || !isSmall(item.File.Size) {
		return false
	}
	_, ok := tranship.As[tranship.BatchFetcher](item.Source)
	return ok && isSameSource(item.Source, item.Source)
}

// batched is how many files a batch has at most, so that batchWorkers together have no more in
// flight than Options.Files.
func (c *copier) batched() int { return min(c.options.Files/batchWorkers, mostBatched) }

// copyBatches copies the items of a queue in batches.
func (c *copier) copyBatches(ctx context.Context, items <-chan *Item) {
	g := &gatherer{items: items, most: c.batched()}
	memory := &batchMemory{}
	for batch := g.next(); batch != nil; batch = g.next() {
		if c.files.Acquire(ctx, int64(len(batch))) != nil {
			for _, item := range batch {
				c.claims.release(item.Path)
			}
			continue
		}
		started := time.Now()
		c.copyBatch(ctx, batch, memory)
		c.widen(ctx, time.Since(started))
	}
}

// widen makes more workers copy batches if even the fastest has taken long: the way to an end is
// long, or an end waits for a device. A batch took so long. Each batch adds at most one worker, so
// that a slow start does not count for much. No more files are in flight than Options.Files.
func (c *copier) widen(ctx context.Context, took time.Duration) {
	fastest := int64(took)
	for {
		before := c.fastestBatch.Load()
		if before != 0 && before <= fastest {
			fastest = before
			break
		}
		if c.fastestBatch.CompareAndSwap(before, fastest) {
			break
		}
	}
	most := min(int(fastest/int64(batchPace)), mostBatchWorkers, c.options.Files/c.batched())
	c.together.widen(ctx, most, c.batched())
}

// gatherer makes batches of the items of a queue.
type gatherer struct {
	items <-chan *Item
	most  int
	// batch is the last batch, whose memory the next one takes.
	batch []Item
	// left is an item that the last batch had no room for; nil if there is none.
	left *Item
}

// next returns the items of the next batch, all of one source and at most
// tranship.MaxBatchBytes together; nil if there are no more. It waits for the first item, and
// for no other: a batch has what is in the queue already. The batch is valid until the next
// call.
func (g *gatherer) next() []Item {
	first := g.left
	if first == nil {
		var ok bool
		if first, ok = <-g.items; !ok {
			return nil
		}
	}
	g.batch = append(g.batch[:0], *first)
	g.left = nil
	size := g.batch[0].File.Size
	for len(g.batch) < g.most {
		select {
		case item, ok := <-g.items:
			if !ok {
				return g.batch
			}
			if size += item.File.Size; size > tranship.MaxBatchBytes || !isSameSource(item.Source, g.batch[0].Source) {
				g.left = item
				return g.batch
			}
			g.batch = append(g.batch, *item)
		default:
			return g.batch
		}
	}
	return g.batch
}

// isSameSource reports whether two sources are known to be one. The values of some types cannot
// be compared.
func isSameSource(a, b Source) bool {
	kind := reflect.TypeOf(a)
	if kind != reflect.TypeOf(b) {
		return false
	}
	return (kind.Kind() == reflect.Pointer || reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable()) && a == b
}
