package transfer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tranship/tranship"
)

// watch ends what nothing moves in.
type watch struct {
	ctx     context.Context
	timer   *time.Timer
	timeout time.Duration
}

// newWatch returns a watch whose context ends when nothing has moved for timeout.
// The caller must call the cancel function.
func newWatch(ctx context.Context, timeout time.Duration) (*watch, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watch{ctx: ctx, timeout: timeout}
	w.timer = time.AfterFunc(timeout, func() {
		cancel(&stalledError{timeout})
	})
	return w, func() {
		w.timer.Stop()
		cancel(nil)
	}
}

// moved notes that something did. It is safe for concurrent use.
func (w *watch) moved() { w.timer.Reset(w.timeout) }

// patient gives what moves nothing visible, a commit, a longer time.
func (w *watch) patient() { w.timer.Reset(10 * w.timeout) }

// explain returns why the context ended in place of the error that this caused.
func (w *watch) explain(err error) error {
	if stalled, ok := errors.AsType[*stalledError](context.Cause(w.ctx)); ok && err != nil {
		return stalled
	}
	return err
}

// stalledError means that nothing moved. It matches tranship.ErrUnavailable.
type stalledError struct{ timeout time.Duration }

// Error implements error.
func (e *stalledError) Error() string { return fmt.Sprintf("stalled: no byte moved for %v", e.timeout) }

// Is implements the matching of tranship.ErrUnavailable.
func (e *stalledError) Is(target error) bool { return target == tranship.ErrUnavailable }
