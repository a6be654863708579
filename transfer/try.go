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
	start := time.Now()
	item.Once = item.Once || isPipe(item.Source)
	result := Result{Source: item.name(), SourcePath: item.SourcePath, Path: item.Path, Size: item.File.Size}
	j := &job{copier: c, item: item, result: &result, progress: c.options.Progress.file(item)}
	j.event(Event{Kind: EventBegin, Bytes: item.File.Size})
	result.Err = j.try(ctx)
	result.Duration = time.Since(start)
	if cause := context.Cause(ctx); result.Err != nil && cause != nil {
		result.Err = fmt.Errorf("%w: %w", ErrStopped, cause)
	}
	j.forget(result.Err)
	if result.Err != nil && j.kept {
		result.Err = &ResumableError{result.Err}
	}
	c.options.Progress.end(j.progress)
	j.event(Event{Kind: EventEnd, Bytes: result.Size, Err: result.Err})
	c.report(result)
}

// event tells of something about the item.
func (j *job) event(e Event) {
	e.Source, e.Path = j.item.name(), j.item.Path
	j.events.Lock()
	defer j.events.Unlock()
	j.options.Events(e)
}

// try makes attempts until one succeeds or no other is due.
func (j *job) try(ctx context.Context) error {
	if err := j.item.validate(); err != nil {
		return err
	}
	tries := budget.Budget{Attempts: j.options.Attempts, Patience: j.options.Patience}.Begin(j.outage)
	for {
		tries.Attempt()
		skip, err := j.skip(ctx)
		if skip {
			j.skipped(j.item.File.Size)
			return nil
		}
		j.result.Attempts++
		j.progress.attempt.Store(int64(j.result.Attempts))
		if err == nil {
			err = j.attempt(ctx)
		}
		if err == nil {
			tries.Progress()
			return nil
		}
		if !j.item.Once && !isPipe(j.destination) && j.leaveTimeOut(j.item.File.ModTime, err) {
			continue
		}
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

// skip reports whether the file is at the destination already.
func (j *job) skip(ctx context.Context) (bool, error) {
	if j.options.Existing == nil {
		return false, nil
	}
	existing, err := j.options.Existing(ctx, j.item.Path)
	if errors.Is(err, tranship.ErrNotFound) {
		return false, nil
	}
	return err == nil && isSame(j.item.File, existing, j.options.ModifyWindow), err
}
