package transfer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tranship/tranship"
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
	item.Once = item.Once || isPipe(item.Source) || isPipe(c.destination)
	result := Result{Source: item.name(), Path: item.Path, Size: item.File.Size}
	j := &job{copier: c, item: item, result: &result, progress: c.options.Progress.file(item)}
	j.event(Event{Kind: EventBegin, Bytes: item.File.Size})
	result.Err = j.try(ctx)
	result.Duration = time.Since(start)
	if cause := context.Cause(ctx); result.Err != nil && cause != nil {
		result.Err = fmt.Errorf("%w: %w", ErrStopped, cause)
	}
	if result.Err != nil && j.kept {
		result.Err = fmt.Errorf("%w; %w", result.Err, ErrResumable)
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
	if err := tranship.ValidatePath(j.item.Path); err != nil {
		return fmt.Errorf("cannot be stored as %q: %w", j.item.Path, err)
	}
	wait, failures := firstWait, 0
	for {
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
			j.outage.over()
			return nil
		}
		if j.advanced {
			j.advanced, failures, wait = false, 0, firstWait
		}
		failures++
		if final := j.final(ctx, err, failures); final != nil {
			return final
		}
		pause := jitter(wait)
		j.event(Event{Kind: EventRetry, Err: err, Wait: pause, Attempt: j.result.Attempts + 1})
		j.progress.waiting.Store(true)
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		j.progress.waiting.Store(false)
		wait = min(2*wait, lastWait)
	}
}

// final is why there is no other attempt after one that failed; nil if there is.
func (j *job) final(ctx context.Context, err error, failures int) error {
	_, restart := errors.AsType[*restartError](err)
	unavailable := errors.Is(err, tranship.ErrUnavailable)
	switch {
	case j.item.Once || ctx.Err() != nil:
		return err
	case restart:
		j.restarts++
		return nil
	case !unavailable && !errors.Is(err, errReplaced):
		return err
	case unavailable && j.outage.tooLong():
		j.stop(fmt.Errorf("gave up after %v without success: %s: %w", j.options.Patience, j.item.name(), err))
		return err
	case failures >= j.options.Attempts:
		return fmt.Errorf("gave up after %d attempts: %w", j.result.Attempts, err)
	}
	return nil
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
	return err == nil && Same(j.item.File, existing), err
}
