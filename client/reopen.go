package client

import (
	"time"

	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/internal/failure"
)

// longPause is how long nothing must have been read for the end of a call to count as its
// consequence. Servers, proxies and address translators end calls on which nothing moves,
// after 30 s or more.
const longPause = 5 * time.Second

// notePause records whether nothing was read for long: the reader has paused, or this process
// was stopped.
func (c *content) notePause() {
	c.paused = c.paused || time.Since(c.heard) >= longPause
}

// broken handles the error of a call. If the call ended because its credentials were
// replaced, or after the reader had paused, it continues in another call, and broken returns
// nil. So the server may end the call of a paused reader, which then occupies nothing there.
func (c *content) broken(err error) error {
	if c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	continues := c.file.Version != "" && c.received > c.begun
	if isRenewed(err) && continues {
		return c.reopen()
	}
	final := streamError(err)
	if !c.paused || !continues || failure.Of(c.ctx, final) == failure.Final {
		return final
	}
	tries := budget.Budget{}.Begin(budget.NewOutage(budget.DefaultPatience))
	for {
		tries.Attempt()
		err := c.reopen()
		if err == nil {
			return nil
		}
		pause, final := tries.Failed(c.ctx, err)
		if final == nil {
			final = budget.Sleep(c.ctx, pause)
		}
		if final != nil {
			return final
		}
	}
}

// reopen begins another call for the remaining bytes, with the current credentials.
func (c *content) reopen() error {
	next, err := c.client.openRenewed(c.ctx, c.file.Path, c.remaining())
	if err == nil {
		err = c.resume(next.downloadVerifier)
	}
	if err != nil {
		return err
	}
	c.stream, c.begun = next.stream, c.received
	c.heard, c.paused = time.Now(), false
	return nil
}
