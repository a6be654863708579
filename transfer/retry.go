package transfer

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	firstWait = 100 * time.Millisecond
	lastWait  = 5 * time.Second
)

// outage measures for how long a copy has reached nobody. Without it, a server
// that is gone for good would cost every one of many files all its attempts.
type outage struct {
	patience time.Duration

	mu    sync.Mutex
	since time.Time
}

// over notes that both sides answered.
func (o *outage) over() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.since = time.Time{}
}

// tooLong notes a failure and reports whether patience has ended.
func (o *outage) tooLong() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		o.since = time.Now()
	}
	return time.Since(o.since) > o.patience
}

// jitter shortens a wait by up to half, so that clients cut off together do not
// return together.
func jitter(wait time.Duration) time.Duration {
	return wait - rand.N(wait/2+1) //nolint:gosec // nobody gains by guessing it
}

func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
