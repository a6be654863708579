// Package budget bounds how often and how long an operation is tried again. It is the rule
// of every retry in this module, and knows no transport.
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
	// DefaultAttempts is how often one operation is tried without any progress. With
	// the pauses between them that takes about as long as DefaultPatience.
	DefaultAttempts = 16
	// DefaultPatience is how long all operations are tried while none succeeds.
	DefaultPatience = 30 * time.Second

	firstPause = 100 * time.Millisecond
	// LongestPause is the longest between two attempts.
	LongestPause = 5 * time.Second
)

// Budget bounds retries. Zero fields take the defaults.
type Budget struct {
	// Attempts is how often one operation is tried at most, without any progress.
	Attempts int
	// Patience is how long operations are tried while none succeeds.
	Patience time.Duration
}

// WithDefaults returns the budget with its zero and negative fields set.
func (b Budget) WithDefaults() Budget {
	return Budget{
		Attempts: cmp.Or(max(b.Attempts, 0), DefaultAttempts),
		Patience: cmp.Or(max(b.Patience, 0), DefaultPatience),
	}
}

// Outage measures for how long operations that share it have failed without any
// success. Without it, a server that is gone for good would cost each of many files
// all its attempts. It is safe for concurrent use; NewOutage makes one.
type Outage struct {
	patience time.Duration

	mu          sync.Mutex
	since, last time.Time
}

// NewOutage returns an outage that is too long when it lasts longer than patience.
func NewOutage(patience time.Duration) *Outage { return &Outage{patience: patience} }

// Over notes that an operation has succeeded.
func (o *Outage) Over() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.since = time.Time{}
}

// Attempt notes that an attempt begins. One that begins long after the last failure
// belongs to another outage: nothing was tried meanwhile.
func (o *Outage) Attempt() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Since(o.last) > o.patience+LongestPause {
		o.since = time.Time{}
	}
}

// TooLong notes a failure and reports whether patience has ended.
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

// Error is the end of a budget. It is failure.Final, so that no retry around this one
// begins to try again.
type Error struct {
	// Attempts is how many attempts made no progress; 0 if the patience ended.
	Attempts int
	// Patience is how long nothing succeeded, if Attempts is 0.
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

// Unwrap is the last failure.
func (e *Error) Unwrap() error { return e.Err }

// Class implements failure.Classified.
func (e *Error) Class() failure.Class { return failure.Final }

// Pauses are those between attempts: 100 ms, doubled each time up to LongestPause, and
// each shortened by a random part of up to half, so that clients that were cut off
// together do not return together. The zero value is ready.
type Pauses struct{ next time.Duration }

// Next is the next pause.
func (p *Pauses) Next() time.Duration {
	pause := max(p.next, firstPause)
	p.next = min(2*pause, LongestPause)
	return pause - rand.N(pause/2+1) //nolint:gosec // a guess gains nothing
}

// Reset begins with the shortest again, after progress.
func (p *Pauses) Reset() { p.next = 0 }

// Sleep waits, and returns early with the context's error when that ends.
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

// Begin returns the tries of one operation. Operations on one store share an outage.
func (b Budget) Begin(outage *Outage) *Tries {
	return &Tries{budget: b.WithDefaults(), outage: outage}
}

// Attempt notes that an attempt begins.
func (t *Tries) Attempt() { t.outage.Attempt() }

// Progress notes that the operation, or an attempt of it that failed later, got further:
// failures before it do not count.
func (t *Tries) Progress() {
	t.failures = 0
	t.pauses.Reset()
	t.outage.Over()
}

// Failed notes that an attempt failed, and returns how long to wait before the next. If
// there is to be none, the error says why: err itself when repeating does not help, and
// an *Error when the budget has ended.
func (t *Tries) Failed(ctx context.Context, err error) (time.Duration, error) {
	if !failure.IsPassing(ctx, err) {
		return 0, err
	}
	if t.outage.TooLong() {
		return 0, &Error{Patience: t.budget.Patience, Err: err}
	}
	return t.Spend(err)
}

// Spend is Failed for an error that passes, whatever its class, and that is no part of an
// outage.
func (t *Tries) Spend(err error) (time.Duration, error) {
	t.failures++
	if t.failures >= t.budget.Attempts {
		return 0, &Error{Attempts: t.failures, Err: err}
	}
	return t.Pause(), nil
}

// Pause is how long to wait before another attempt that costs nothing of the budget.
func (t *Tries) Pause() time.Duration { return t.pauses.Next() }
