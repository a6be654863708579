// Package budget bounds how often and how long a failed operation is repeated. All
// retries in this module use it. It is independent of the transport.
package budget

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tranship/tranship/internal/failure"
)

const (
	// DefaultAttempts is how often one operation is attempted without progress. With the
	// pauses between attempts that takes about as long as DefaultPatience.
	DefaultAttempts = 16
	// DefaultPatience is how long operations are attempted while none succeeds.
	DefaultPatience = 30 * time.Second

	firstPause = 100 * time.Millisecond
	// LongestPause is the longest pause between two attempts.
	LongestPause = 5 * time.Second
)

// Budget bounds retries. Zero and negative fields mean the defaults.
type Budget struct {
	// Attempts is how often one operation is attempted without progress.
	Attempts int
	// Patience is how long operations are attempted while none succeeds.
	Patience time.Duration
}

// WithDefaults returns the budget with its zero and negative fields set to the defaults.
func (b Budget) WithDefaults() Budget {
	return Budget{
		Attempts: cmp.Or(max(b.Attempts, 0), DefaultAttempts),
		Patience: cmp.Or(max(b.Patience, 0), DefaultPatience),
	}
}

// Outage measures for how long the operations that share it have failed without a
// success. Without it, a server that is gone for good would cost each of many files all
// its attempts. It is safe for concurrent use. Use NewOutage to create one.
type Outage struct {
	patience time.Duration

	mu          sync.Mutex
	since, last time.Time
}

// NewOutage returns an Outage that is too long once it exceeds patience.
func NewOutage(patience time.Duration) *Outage { return &Outage{patience: patience} }

// Over records that an operation has succeeded, which ends the outage.
func (o *Outage) Over() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.since = time.Time{}
}

// Attempt records the begin of an attempt. If nothing was attempted for a long time since
// the last failure, the outage has ended and the attempt belongs to another.
func (o *Outage) Attempt() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Since(o.last) > o.patience+LongestPause {
		o.since = time.Time{}
	}
}

// TooLong records a failure, and reports whether the outage has exceeded its patience.
func (o *Outage) TooLong() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	if o.since.IsZero() {
		o.since = now
	}
	o.last = now
	return now.Sub(o.since) > o.patience
}

// Error is the error of an operation whose budget is spent. Its class is failure.Final,
// so that an outer retry does not repeat the operation.
type Error struct {
	// Attempts is how many attempts made no progress; 0 if Patience was exceeded.
	Attempts int
	// Patience is how long no operation succeeded, if Attempts is 0.
	Patience time.Duration
	// Err is the last failure.
	Err error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Attempts > 0 {
		return fmt.Sprintf("gave up after %d attempts: %v", e.Attempts, e.Err)
	}
	return fmt.Sprintf("gave up after %v without success: %v", e.Patience, e.Err)
}

// Unwrap returns the last failure.
func (e *Error) Unwrap() error { return e.Err }

// Class implements failure.Classified.
func (e *Error) Class() failure.Class { return failure.Final }

// Pauses computes the pauses between attempts: 100 ms, doubled each time up to
// LongestPause, and each shortened by a random part of up to half, so that clients that
// were disconnected together do not return together. The zero value is ready to use.
type Pauses struct{ next time.Duration }

// Next returns the next pause.
func (p *Pauses) Next() time.Duration {
	pause := max(p.next, firstPause)
	p.next = min(2*pause, LongestPause)
	return pause - rand.N(pause/2+1) //nolint:gosec // guessing it gains nothing
}

// Reset starts again with the shortest pause, after progress.
func (p *Pauses) Reset() { p.next = 0 }

// Sleep waits for pause. If ctx ends before, it returns the context's error.
func Sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Tries counts the attempts of one operation. It is not safe for concurrent use.
type Tries struct {
	budget   Budget
	outage   *Outage
	pauses   Pauses
	failures int
}

// Begin returns the Tries of one operation. All operations on a store share an outage.
func (b Budget) Begin(outage *Outage) *Tries {
	return &Tries{budget: b.WithDefaults(), outage: outage}
}

// Attempt records the begin of an attempt.
func (t *Tries) Attempt() { t.outage.Attempt() }

// Progress records that the operation made progress, even if the attempt fails later.
// Earlier failures no longer count.
func (t *Tries) Progress() {
	t.failures = 0
	t.pauses.Reset()
	t.outage.Over()
}

// Failed records the failure of an attempt, and returns the pause before the next one. It
// returns an error if the operation must not be repeated: err itself if repeating does
// not help, and an *Error if the budget is spent.
func (t *Tries) Failed(ctx context.Context, err error) (time.Duration, error) {
	if !failure.IsPassing(ctx, err) {
		return 0, err
	}
	if t.outage.TooLong() {
		return 0, &Error{Patience: t.budget.Patience, Err: err}
	}
	return t.Spend(err)
}

// Spend is Failed for an error that is temporary regardless of its class, and that is not
// part of an outage.
func (t *Tries) Spend(err error) (time.Duration, error) {
	t.failures++
	if t.failures >= t.budget.Attempts {
		return 0, &Error{Attempts: t.failures, Err: err}
	}
	return t.Pause(), nil
}

// Pause returns the pause before an attempt that does not count against the budget.
func (t *Tries) Pause() time.Duration { return t.pauses.Next() }
