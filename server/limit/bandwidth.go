package limit

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"github.com/tranship/tranship/internal/rpcstatus"
)

// minBurst is the least that may pass at once, in bytes.
const minBurst = 64 << 10

// bandwidth returns a limiter of bytes a second, nil if there is no limit. A tenth of a
// second's bytes may pass at once.
func bandwidth(bytesPerSecond int64) *rate.Limiter {
	if bytesPerSecond <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(bytesPerSecond), int(max(bytesPerSecond/10, minBurst)))
}

// throttle waits until n bytes may pass. Those who wait for the same limit take turns,
// with at most a burst in each.
func (c *call) throttle(n int64) error {
	if len(c.bandwidth) == 0 || n == 0 {
		return nil
	}
	c.pace.Hold()
	defer c.pace.Release()
	for _, limiter := range c.bandwidth {
		for left := n; left > 0; {
			turn := min(left, int64(limiter.Burst()))
			if err := waitTurn(c.ctx, limiter, int(turn)); err != nil {
				return rpcstatus.Error(err)
			}
			left -= turn
		}
	}
	return nil
}

// waitTurn waits until n bytes, at most a burst, may pass, or the context ends.
func waitTurn(ctx context.Context, limiter *rate.Limiter, n int) error {
	reserved := limiter.ReserveN(now(), n)
	delay := reserved.Delay()
	if delay == 0 {
		return nil
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		reserved.Cancel()
		return ctx.Err()
	}
}
