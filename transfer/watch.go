package transfer

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
)

// watch ends what nothing moves in.
type watch struct {
	ctx     context.Context
	timer   *time.Timer
	timeout atomic.Int64 // a time.Duration
}

// newWatch returns a watch whose context ends when nothing has moved for timeout.
// The caller must call the cancel function.
func newWatch(ctx context.Context, timeout time.Duration) (*watch, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watch{ctx: ctx}
	w.timeout.Store(int64(timeout))
	w.timer = time.AfterFunc(timeout, func() {
		cancel(&stalledError{time.Duration(w.timeout.Load())})
	})
	return w, func() {
		w.timer.Stop()
		cancel(nil)
	}
}

// moved notes that something did. It is safe for concurrent use.
func (w *watch) moved() { w.timer.Reset(time.Duration(w.timeout.Load())) }

// rest stops watching until something moves: what is waited for now may take as long
// as it likes. It is for a copy of which nothing else moves meanwhile.
func (w *watch) rest() { w.timer.Stop() }

// patient gives what moves hardly anything visible, a commit, a longer time from now
// on.
func (w *watch) patient() {
	w.timeout.Store(10 * w.timeout.Load())
	w.moved()
}

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
