// Package silence is the rule of when an operation under way counts as stalled: nothing
// has moved for a while. It knows no transport; the ends of one tell it what moves.
package silence

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
)

// Watch ends a context when nothing has moved for a while. Its methods are safe for
// concurrent use.
type Watch struct {
	ctx     context.Context
	what    string
	timer   *time.Timer
	timeout atomic.Int64 // a time.Duration
}

// New returns a watch whose context ends when nothing has moved for timeout, which must
// be positive. what describes the stall in its error, as in "no byte moved". The caller
// must call the cancel function.
func New(ctx context.Context, timeout time.Duration, what string) (*Watch, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &Watch{ctx: ctx, what: what}
	w.timeout.Store(int64(timeout))
	w.timer = time.AfterFunc(timeout, func() {
		cancel(&Error{What: what, Timeout: time.Duration(w.timeout.Load())})
	})
	return w, func() {
		w.timer.Stop()
		cancel(nil)
	}
}

// Context returns the context that the watch ends.
func (w *Watch) Context() context.Context { return w.ctx }

// Moved notes that something has moved.
func (w *Watch) Moved() { w.timer.Reset(time.Duration(w.timeout.Load())) }

// Rest stops the watch until something moves. It is for a wait of unlimited length that
// does not depend on the other end.
func (w *Watch) Rest() { w.timer.Stop() }

// Extend makes the timeout factor times as long from now on, for phases such as a commit,
// in which little moves.
func (w *Watch) Extend(factor int) {
	w.timeout.Store(int64(factor) * w.timeout.Load())
	w.Moved()
}

// Explain returns the *Error that ended the watch's context in place of err, which that
// caused; err itself if it was not the watch that ended it.
func (w *Watch) Explain(err error) error {
	if stalled, ok := errors.AsType[*Error](context.Cause(w.ctx)); ok && err != nil {
		return stalled
	}
	return err
}

// Error means that nothing moved. It matches tranship.ErrUnavailable.
type Error struct {
	// What did not happen, as "no byte moved".
	What string
	// Timeout is how long it did not happen.
	Timeout time.Duration
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("%v: stalled: %s for %v", tranship.ErrUnavailable, e.What, e.Timeout)
}

// Is implements the matching of tranship.ErrUnavailable.
func (e *Error) Is(target error) bool { return target == tranship.ErrUnavailable }
