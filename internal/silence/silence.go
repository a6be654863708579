// Package silence detects an operation that has stalled: the other end has shown no sign of
// life for a while. It is independent of the transport, whose two ends report what they hear.
package silence

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
)

// Watch ends a context when the other end was silent for a while. Its methods are safe for
// concurrent use.
//
// Only time in which this process runs counts. A process that was stopped, such as by
// SIGSTOP, or on a machine that slept, could not hear the other end: when it continues, the
// other end has the whole timeout again.
type Watch struct {
	ctx    watchedContext
	cancel context.CancelCauseFunc
	what   string
	begun  time.Time
	// timeout is a time.Duration.
	timeout atomic.Int64
	// moved is when the watch last heard of the other end, as a time.Duration since begun;
	// resting while the watch rests.
	moved atomic.Int64

	mu    sync.Mutex
	timer *time.Timer
	// due is when the timer was to fire, counted from begun.
	due     time.Duration
	stopped bool
}

const (
	// looks is how often a watch looks within its timeout. Time in which the process did
	// not run shows as a look that comes late.
	looks = 8
	// lateness is how late a look must be to show that the process did not run. It is far more
	// than the delay of a timer on a busy machine.
	lateness = time.Second
	// resting is the value of moved while a watch rests.
	resting = -1
)

// contextKey is the key, in a context, of its *Watch.
type contextKey struct{}

// watchedContext is the context of a watch, and carries it. It belongs to the Watch, so that
// carrying it allocates nothing.
type watchedContext struct {
	context.Context
	watch *Watch
}

// Value implements context.Context.
func (c *watchedContext) Value(key any) any {
	if key == (contextKey{}) {
		return c.watch
	}
	return c.Context.Value(key)
}

// New returns a watch whose context ends after timeout, which must be positive, without
// a sign of life. what describes the stall in the error, such as "no byte moved". The caller
// must call the cancel function.
func New(ctx context.Context, timeout time.Duration, what string) (*Watch, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &Watch{cancel: cancel, what: what, begun: time.Now()}
	w.ctx = watchedContext{ctx, w}
	w.timeout.Store(int64(timeout))
	w.due = timeout / looks
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(w.due, w.look)
	return w, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.stopped = true
		w.timer.Stop()
		cancel(nil)
	}
}

// Alive records a sign of life of the other end in the watch that ctx carries. Without a watch
// it does nothing.
func Alive(ctx context.Context) {
	w, _ := ctx.Value(contextKey{}).(*Watch)
	if w == nil {
		return
	}
	if moved := w.moved.Load(); moved != resting {
		w.moved.CompareAndSwap(moved, int64(time.Since(w.begun))) // unless it rests by now
	}
}

// Stalled reports whether the watch that ctx carries has found a stall, and after which
// timeout. ctx itself need not have ended. Without a watch it reports false.
func Stalled(ctx context.Context) (timeout time.Duration, stalled bool) {
	w, _ := ctx.Value(contextKey{}).(*Watch)
	if w == nil {
		return 0, false
	}
	err, stalled := errors.AsType[*Error](context.Cause(&w.ctx))
	if !stalled {
		return 0, false
	}
	return err.Timeout, true
}

// look ends the context if the timeout has passed; otherwise it plans the next look.
func (w *Watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	now, timeout := time.Since(w.begun), time.Duration(w.timeout.Load())
	wait := timeout / looks
	moved := w.moved.Load()
	if moved != resting && now-w.due >= lateness {
		w.moved.CompareAndSwap(moved, int64(now)) // the process did not run
		moved = int64(now)
	}
	if moved != resting {
		left := timeout - (now - time.Duration(moved))
		if left <= 0 {
			w.stopped = true
			w.cancel(&Error{What: w.what, Timeout: timeout})
			return
		}
		wait = min(wait, left)
	}
	w.due = now + wait
	w.timer.Reset(wait)
}

// Context returns the context that the watch ends.
func (w *Watch) Context() context.Context { return &w.ctx }

// Moved records progress.
func (w *Watch) Moved() { w.moved.Store(int64(time.Since(w.begun))) }

// Rest stops the watch until the next call of Moved. It is for a wait of unlimited length
// that does not depend on the other end.
func (w *Watch) Rest() { w.moved.Store(resting) }

// Extend multiplies the timeout by factor from now on, for phases such as a commit, in
// which progress is rare.
func (w *Watch) Extend(factor int) {
	w.timeout.Store(int64(factor) * w.timeout.Load())
	w.Moved()
}

// Explain returns an *Error in place of err if the watch ended the context, and err itself
// otherwise. It returns nil for nil.
func (w *Watch) Explain(err error) error {
	if stalled, ok := errors.AsType[*Error](context.Cause(&w.ctx)); ok && err != nil {
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
