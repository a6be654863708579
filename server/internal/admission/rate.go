package admission

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/caller"
	"github.com/tranship/tranship/server/internal/limited"
)

const (
	// turnTime is how long a call waits for its turn at most.
	turnTime = 5 * time.Second
	// minBurst is the least that may pass a limit of bandwidth at once, in bytes.
	minBurst = 64 << 10
)

// Turn waits until the caller may make one more call. It fails with a
// *tranship.LimitError when that takes longer than 5 s, and with the context's error.
func (c *Call) Turn() error {
	client := c.door.client(c.ctx)
	if err := c.countPrincipal(client); err != nil {
		return err
	}
	calls := client.calls.Load()
	if calls == nil {
		return nil
	}
	waiting, cancel := context.WithTimeout(c.ctx, turnTime)
	defer cancel()
	switch err := calls.Wait(waiting); {
	case err == nil:
		return nil
	case c.ctx.Err() != nil:
		return c.ctx.Err()
	}
	return limited.Refused(tranship.LimitCallsPerSecond, "%s makes more than %v calls a second: wait, and try again", caller.Name(c.ctx), float64(calls.Limit()))
}

// limiter is a limit of a rate that can be replaced while calls use it. A nil pointer means
// that nothing is limited.
type limiter struct{ atomic.Pointer[rate.Limiter] }

// set sets the limit; 0 means unlimited. Only one goroutine at a time may call it.
func (l *limiter) set(perSecond rate.Limit, burst int) {
	switch now := l.Load(); {
	case perSecond <= 0:
		l.Store(nil)
	case now == nil:
		l.Store(rate.NewLimiter(perSecond, burst))
	case now.Limit() != perSecond || now.Burst() != burst:
		// What was spent before stays spent.
		now.SetLimit(perSecond)
		now.SetBurst(burst)
	}
}

// setBandwidth sets a limit of bytes a second; 0 means unlimited. The bytes of a tenth of a
// second may pass at once.
func (l *limiter) setBandwidth(bytesPerSecond int64) {
	l.set(rate.Limit(bytesPerSecond), int(max(bytesPerSecond/10, minBurst)))
}

// throttle waits until n bytes may pass. Calls that wait for the same limit take turns,
// with at most a burst each.
func (c *Call) throttle(n int64) error {
	own, all := c.bandwidth[0].Load(), c.bandwidth[1].Load()
	if n == 0 || own == nil && all == nil {
		return nil
	}
	c.slowness.Hold()
	defer c.slowness.Release()
	for _, limiter := range [...]*rate.Limiter{own, all} {
		if limiter == nil {
			continue
		}
		for left := n; left > 0; {
			turn := min(left, int64(limiter.Burst()))
			passed, err := waitTurn(c.ctx, limiter, int(turn))
			if err != nil {
				return err
			}
			if passed {
				left -= turn
			}
		}
	}
	return nil
}

// waitTurn waits until n bytes, at most a burst, may pass, or the context ends. It returns
// false at once if the burst has just become smaller than n.
func waitTurn(ctx context.Context, limiter *rate.Limiter, n int) (passed bool, err error) {
	reserved := limiter.ReserveN(time.Now(), n)
	if !reserved.OK() {
		return false, nil
	}
	delay := reserved.Delay()
	if delay == 0 {
		return true, nil
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true, nil
	case <-ctx.Done():
		reserved.Cancel()
		return false, ctx.Err()
	}
}
