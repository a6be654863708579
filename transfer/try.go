package transfer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/internal/failure"
)

// maxRestarts is how often a file is begun again because of what one of the sides
// has, rather than because it could not be reached.
const maxRestarts = 2

// restartError is a failure after which it may help to begin again.
type restartError struct{ err error }

// Error implements error.
func (e *restartError) Error() string { return e.err.Error() }

// Unwrap is the failure.
func (e *restartError) Unwrap() error { return e.err }

// copyItem copies one item, with all its attempts, and reports it.
func (c *copier) copyItem(ctx context.Context, item Item) {
	j := c.begin(item)
	j.end(ctx, j.try(ctx))
}

// begin begins to copy an item.
func (c *copier) begin(item Item) *job {
	item.Once = item.Once || isPipe(item.Source)
	j := &job{
		copier:   c,
		item:     item,
		start:    time.Now(),
		result:   &Result{Source: item.name(), SourcePath: item.SourcePath, Path: item.Path, Size: item.File.Size},
		progress: c.options.Progress.file(item),
	}
	j.event(Event{Kind: EventBegin, Bytes: item.File.Size})
	return j
}

// end reports the item, which failed with err if that is not nil.
func (j *job) end(ctx context.Context, err error) {
	j.result.Err = err
	j.result.Duration = time.Since(j.start)
	if cause := context.Cause(ctx); j.result.Err != nil && cause != nil {
		j.result.Err = fmt.Errorf("%w: %w", ErrStopped, cause)
	}
	j.forget(j.result.Err)
	if j.result.Err != nil && j.kept {
		j.result.Err = &ResumableError{j.result.Err}
	}
	j.options.Progress.end(j.progress)
	j.event(Event{Kind: EventEnd, Bytes: j.result.Size, Err: j.result.Err})
	j.report(*j.result)
}

// event tells of something about the item.
func (j *job) event(e Event) { j.tell(&j.item, e) }

// tell tells of something about an item.
func (c *copier) tell(item *Item, e Event) {
	e.Source, e.Path = item.name(), item.Path
	c.events.Lock()
	defer c.events.Unlock()
	c.options.Events(e)
}

// try makes attempts until one succeeds or no other is due.
func (j *job) try(ctx context.Context) error {
	if err := j.item.validate(); err != nil {
		return err
	}
	tries := j.tries()
	tries.Attempt()
	skipped, err := j.skip(ctx)
	if skipped {
		return nil
	}
	j.attempted()
	if err == nil {
		err = j.attempt(ctx)
	}
	return j.tryAgain(ctx, tries, err)
}

func (j *job) tries() *budget.Tries {
	return budget.Budget{Attempts: j.options.Attempts, Patience: j.options.Patience}.Begin(j.outage)
}

// attempted counts an attempt.
func (j *job) attempted() {
	j.result.Attempts++
	j.progress.attempt.Store(int64(j.result.Attempts))
}

// tryAgain makes other attempts, after one that ended with err, until one succeeds or no other
// is due.
func (j *job) tryAgain(ctx context.Context, tries *budget.Tries, err error) error {
	for err != nil {
		if j.item.Once || isPipe(j.destination) || !j.leaveTimeOut(j.item.File.ModTime, err) {
			if j.advanced {
				j.advanced = false
				tries.Progress()
			}
			pause, final := j.failed(ctx, tries, err)
			if final != nil {
				return final
			}
			j.event(Event{Kind: EventRetry, Err: err, Wait: pause, Attempt: j.result.Attempts + 1})
			j.progress.waiting.Store(true)
			if err := budget.Sleep(ctx, pause); err != nil {
				return err
			}
			j.progress.waiting.Store(false)
		}
		tries.Attempt()
		var skipped bool
		if skipped, err = j.skip(ctx); skipped {
			return nil
		}
		j.attempted()
		if err == nil {
			err = j.attempt(ctx)
		}
	}
	tries.Progress()
	return nil
}

// failed notes that an attempt failed, and returns how long to wait before the next; or
// why there is none.
func (j *job) failed(ctx context.Context, tries *budget.Tries, err error) (time.Duration, error) {
	if j.item.Once || isPipe(j.destination) || ctx.Err() != nil {
		return 0, err
	}
	if _, restart := errors.AsType[*restartError](err); restart {
		j.restarts++
		return tries.Pause(), nil
	}
	if errors.Is(err, errReplaced) {
		return tries.Spend(err)
	}
	if proxy, ok := errors.AsType[*tranship.ProxyError](err); ok && proxy.Status != 0 && !failure.IsPassing(ctx, err) {
		// The proxy would refuse the other files, too.
		j.stop(fmt.Errorf("%s: %w", j.item.name(), err))
		return 0, err
	}
	pause, final := tries.Failed(ctx, err)
	if ended, ok := errors.AsType[*budget.Error](final); ok && ended.Patience > 0 {
		if _, told := errors.AsType[*budget.Error](err); told { // a store gave up that tries again itself
			j.stop(fmt.Errorf("%s: %w", j.item.name(), err))
		} else {
			j.stop(fmt.Errorf("gave up after %v without success: %s: %w", ended.Patience, j.item.name(), err))
		}
		return 0, err
	}
	return pause, final
}

// skip reports whether the file is at the destination already. Then nothing is left to do.
func (j *job) skip(ctx context.Context) (bool, error) {
	there, err := j.isThere(ctx, &j.item)
	if there {
		j.skipped(j.item.File.Size)
	}
	return there, err
}
