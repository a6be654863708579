package transfer

import (
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
)

// Copy copies every item to the destination. An error in the sequence that comes
// with a Name or SourcePath is that item's failure and goes to its report; one
// without either ends the copy. One file's failure does not stop the others: Copy
// then returns a *FailedError in the end. It returns another error when it had to
// stop early: the context's, the sequence's, or one that matches
// tranship.ErrUnavailable when its patience ended; it matches ErrResumable,
// too, if a file in flight can be resumed.
//
// An item that cannot be copied as it is, because it has no source or no valid path,
// fails with tranship.ErrInvalid, and so does Copy without a destination or items. An
// item with the path of an earlier one is copied after that, and replaces it.
func Copy(ctx context.Context, destination tranship.Writer, items iter.Seq2[Item, error], options Options) error {
	if err := validate("destination", destination); err != nil {
		return err
	}
	if items == nil {
		return &tranship.InvalidError{Field: "items", Rule: "a copy must have a sequence of items"}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	return newCopier(destination, options, cancel).run(ctx, items)
}

func newCopier(destination tranship.Writer, options Options, cancel context.CancelCauseFunc) *copier {
	options = options.withDefaults()
	putter, _ := tranship.As[tranship.BatchPutter](destination)
	return &copier{
		destination: destination,
		putter:      putter,
		options:     options,
		streams:     semaphore.NewWeighted(int64(options.Streams)),
		files:       semaphore.NewWeighted(int64(options.Files)),
		small:       semaphore.NewWeighted(options.SmallBytes),
		claims:      claims{paths: map[string]chan struct{}{}},
		buffers:     newBuffers(options.Streams * max(options.Parts, leastParts) * readChunks * chunkBuffers),
		outage:      budget.NewOutage(options.Patience),
		stop:        cancel,
	}
}

// run copies all items.
func (c *copier) run(ctx context.Context, items iter.Seq2[Item, error]) error {
	alone := &queue{workers: &c.workers, most: c.options.alone, work: c.copyItems}
	c.together = &queue{workers: &c.workers, most: batchWorkers, work: c.copyBatches}
	listed := c.options.Progress.begin()
	for item, err := range items {
		if err != nil && item.name() == "" {
			c.stop(err)
		} else if err != nil {
			c.report(Result{Source: item.name(), SourcePath: item.SourcePath, Path: item.Path, Size: -1, Err: err})
		} else {
			c.options.Progress.listed(item.File.Size)
			if item.compared == comparedSame && item.validate() == nil {
				c.skipItem(&item, time.Now())
			} else if !c.claims.claim(ctx, item.Path) {
				break
			} else if c.isBatchable(&item) {
				c.together.send(ctx, item)
			} else {
				alone.send(ctx, item)
			}
		}
		if ctx.Err() != nil {
			break
		}
	}
	listed()
	alone.close()
	c.together.close()
	c.workers.Wait()
	if ctx.Err() == nil {
		return c.failure()
	}
	if c.resumable {
		return &ResumableError{context.Cause(ctx)}
	}
	return context.Cause(ctx)
}

// copier is the state of one Copy. It is safe for concurrent use.
type copier struct {
	destination tranship.Writer
	// putter is the ability of destination; nil if it has none.
	putter  tranship.BatchPutter
	options Options
	// files are the files in flight, streams the large ones among them, and small the bytes of
	// the others.
	files, streams, small *semaphore.Weighted
	buffers               *buffers
	// outage measures for how long neither side has answered.
	outage *budget.Outage
	stop   context.CancelCauseFunc
	// workers are the goroutines that copy items.
	workers sync.WaitGroup
	// together has the items that are copied in batches. fastestBatch is how long the fastest batch
	// took, in nanoseconds; 0 before the first has ended.
	together     *queue
	fastestBatch atomic.Int64
	// claims are the paths of items that are queued or being copied.
	claims claims
	// smallInFlight counts the bytes of small files that are being copied now.
	smallInFlight atomic.Int64
	// timeless is why the destination takes no modified times at all; nil if it may take some.
	timeless atomic.Pointer[error]

	mu        sync.Mutex
	failed    FailedError
	resumable bool // at least one of the files that failed can be resumed

	events sync.Mutex // held while Options.Events is called
}

// copyItems copies the items of a queue one by one.
func (c *copier) copyItems(ctx context.Context, items <-chan *Item) {
	for item := range items {
		if c.files.Acquire(ctx, 1) == nil {
			c.copyItem(ctx, *item)
			c.files.Release(1)
		}
		c.claims.release(item.Path)
	}
}

func (c *copier) report(result Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed.Total++
	if result.Err != nil {
		if len(c.failed.Files) < MaxFileErrors {
			c.failed.Files = append(c.failed.Files, &FileError{result.Source, result.Path, result.Err})
		}
		c.failed.Failed++
		if errors.Is(result.Err, ErrSkipped) {
			c.failed.Skipped++
		}
		c.resumable = c.resumable || errors.Is(result.Err, ErrResumable)
	}
	c.options.Report(result)
}

func (c *copier) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed.Failed == 0 {
		return nil
	}
	failed := c.failed
	return &failed
}
