package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/tranship/tranship"
)

const (
	bufferBytes   = 1 << 20
	streamBuffers = 4
	// ahead is how many items are listed ahead of being copied, so that it is
	// known how much there is to do.
	ahead = 10_000
)

// Copy copies every item to the destination. An error in the sequence that comes
// with a Name or SourcePath is that item's failure and goes to its report; one
// without either ends the copy. One file's failure does not stop the others: Copy
// then returns a *FailedError in the end. It returns another error when it had to
// stop early: the context's, the sequence's, or one that matches
// tranship.ErrUnavailable when its patience ended.
func Copy(ctx context.Context, destination tranship.Writer, items iter.Seq2[Item, error], options Options) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	options = options.withDefaults()
	c := &copier{
		destination: destination,
		options:     options,
		streams:     semaphore.NewWeighted(int64(options.Streams)),
		small:       semaphore.NewWeighted(options.SmallBytes),
		buffers:     make(chan []byte, options.Streams*streamBuffers),
		outage:      outage{patience: options.Patience},
		stop:        cancel,
	}

	queue := make(chan Item, ahead)
	var workers sync.WaitGroup
	listed := c.options.Progress.begin()
	for item, err := range items {
		if err != nil && item.name() == "" {
			cancel(err)
		} else if err != nil {
			c.report(Result{Source: item.name(), Path: item.Path, Size: -1, Err: err})
		} else {
			c.options.Progress.listed(item.File.Size)
			c.send(ctx, queue, &workers, item)
		}
		if ctx.Err() != nil {
			break
		}
	}
	listed()
	close(queue)
	workers.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return c.failure()
}

// copier is the state of one Copy. It is safe for concurrent use.
type copier struct {
	destination tranship.Writer
	options     Options
	streams     *semaphore.Weighted
	small       *semaphore.Weighted
	buffers     chan []byte
	outage      outage
	stop        context.CancelCauseFunc
	workers     int // started so far; only send looks at it

	mu     sync.Mutex
	failed FailedError
}

// send hands an item to a worker. There are as many as there are items, until there
// are enough.
func (c *copier) send(ctx context.Context, queue chan Item, workers *sync.WaitGroup, item Item) {
	if c.workers < c.options.Files {
		c.workers++
		workers.Go(func() {
			for item := range queue {
				if ctx.Err() == nil {
					c.item(ctx, item)
				}
			}
		})
	}
	select {
	case queue <- item:
	case <-ctx.Done():
	}
}

func (c *copier) report(result Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed.Total++
	if result.Err != nil {
		if c.failed.First == nil {
			c.failed.First = result.Err
		}
		c.failed.Failed++
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

// item copies one item, with all its attempts, and reports it.
func (c *copier) item(ctx context.Context, item Item) {
	start := time.Now()
	result := Result{Source: item.name(), Path: item.Path, Size: item.File.Size}
	progress := c.options.Progress.file(item)
	result.Err = c.try(ctx, item, &result)
	result.Duration = time.Since(start)
	if cause := context.Cause(ctx); result.Err != nil && cause != nil {
		result.Err = fmt.Errorf("%w: %w", ErrStopped, cause)
	}
	c.options.Progress.end(progress)
	c.report(result)
}

func (c *copier) try(ctx context.Context, item Item, result *Result) error {
	if err := tranship.ValidatePath(item.Path); err != nil {
		return fmt.Errorf("cannot be stored as %q: %w", item.Path, err)
	}
	wait := firstWait
	for {
		skip, err := c.skip(ctx, item)
		if skip {
			result.SkippedBytes = item.File.Size
			c.options.Progress.done.skipped.Add(item.File.Size)
			return nil
		}
		result.Attempts++
		if err == nil {
			err = c.attempt(ctx, &item, result)
		}
		if err == nil {
			c.outage.over()
			return nil
		}
		unavailable := errors.Is(err, tranship.ErrUnavailable)
		if item.Once || ctx.Err() != nil || !unavailable && !errors.Is(err, errReplaced) {
			return err
		}
		if unavailable && c.outage.tooLong() {
			c.stop(fmt.Errorf("gave up after %v without success: %s: %w", c.options.Patience, item.name(), err))
			return err
		}
		if result.Attempts >= c.options.Attempts {
			return fmt.Errorf("gave up after %d attempts: %w", result.Attempts, err)
		}
		if err := sleep(ctx, jitter(wait)); err != nil {
			return err
		}
		wait = min(2*wait, lastWait)
	}
}

func (c *copier) skip(ctx context.Context, item Item) (bool, error) {
	if c.options.Existing == nil {
		return false, nil
	}
	existing, err := c.options.Existing(ctx, item.Path)
	if errors.Is(err, tranship.ErrNotFound) {
		return false, nil
	}
	return err == nil && Same(item.File, existing), err
}
