// Package silence detects an operation that has stalled: it has made no progress for a
// while. It is independent of the transport, whose two ends report their progress.
package silence

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
)

// Watch ends a context when there was no progress for a while. Its methods are safe for
// concurrent use.
type Watch struct {
	ctx     context.Context
	what    string
	timer   *time.Timer
	timeout atomic.Int64 // a time.Duration
}

// New returns a watch whose context ends after timeout, which must be positive, without
// progress. what describes the stall in the error, such as "no byte moved". The caller
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

// Moved records progress.
func (w *Watch) Moved() { w.timer.Reset(time.Duration(w.timeout.Load())) }

// Rest stops the watch until the next call of Moved. It is for a wait of unlimited length
// that does not depend on the other end.
func (w *Watch) Rest() { w.timer.Stop() }

// Extend multiplies the timeout by factor from now on, for phases such as a commit, in
// which progress is rare.
func (w *Watch) Extend(factor int) {
	w.timeout.Store(int64(factor) * w.timeout.Load())
	w.Moved()
}

// Explain returns an *Error in place of err if the watch ended the context, and err itself
// otherwise. It returns nil for nil.
func (w *Watch) Explain(err error) error {
	if stalled, ok := errors.AsType[*Error](context.Cause(w.ctx)); ok && err != nil {
		return stalled
	}
	return err
}

// Error means that an operation has stalled. It matches tranship.ErrUnavailable.
type Error struct {
	// What describes the stall, such as "no byte moved".
	What string
	// Timeout is how long there was no progress.
	Timeout time.Duration
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("%v: stalled: %s for %v", tranship.ErrUnavailable, e.What, e.Timeout)
}

// Is makes the error match tranship.ErrUnavailable.
func (e *Error) Is(target error) bool { return target == tranship.ErrUnavailable }
