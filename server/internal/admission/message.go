package admission

import (
	"errors"
	"io"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/limited"
)

// messageBytes is what a message counts for beside its payload.
const messageBytes = 128

// Receiving begins the wait for the next message of a call in Run.
func (c *Call) Receiving() {
	c.mu.Lock()
	c.receiving.Begin(time.Now())
	c.mu.Unlock()
}

// Received ends the wait: a message with so many bytes of payload has arrived, or err
// ended the wait, io.EOF if the client will send no more. It returns err, or why the Door
// has ended the call; the transport then drops the message. It holds the message back as
// long as the limit of bandwidth says, so that the transport holds back the client.
func (c *Call) Received(payload int64, err error) error {
	if err != nil {
		payload = 0
	}
	c.mu.Lock()
	c.receiving.End(time.Now(), payload+messageBytes)
	if !c.slowness.IsDownload() {
		c.sending.Add(payload + messageBytes)
	}
	if errors.Is(err, io.EOF) {
		c.owes = false
	}
	first := err == nil && !c.arrived
	c.arrived = c.arrived || first
	c.mu.Unlock()
	if err != nil {
		return err
	}
	if err := c.refusal(); err != nil {
		return err
	}
	if first {
		if err := c.place.Arrived(); err != nil {
			return err // the caller was told that nothing was done
		}
	}
	// If the call ends meanwhile, the next message tells.
	_ = c.throttle(payload)
	return nil
}

// Sending begins to send a message with so many bytes of payload. It waits as long as
// the limit of bandwidth says, and fails if the Door has ended the call: the transport
// then sends nothing.
func (c *Call) Sending(payload int64) error {
	if err := c.refusal(); err != nil {
		return err
	}
	if err := c.throttle(payload); err != nil {
		return err
	}
	c.mu.Lock()
	c.sending.Begin(time.Now())
	c.mu.Unlock()
	return nil
}

// Sent ends the sending of a message: the client has taken it, or the transport has
// buffered it, or sending has failed.
func (c *Call) Sent(payload int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastSent = time.Now()
	c.sending.End(c.lastSent, payload+messageBytes)
}

// skip makes the time before at not count against the client, because this process did not
// run.
func (c *Call) skip(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.receiving.Skip(at)
	c.sending.Skip(at)
	c.lastSent = at
}

// look returns why the client is too slow; nil if it is not.
func (c *Call) look(at time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	limits := c.slowness.Limits
	const resume = "what can be resumed goes on from here"
	if !c.receiving.Look(at, limits, c.owes) {
		return limited.CutOff(tranship.LimitMinRate, "the client sent less than %d bytes a second for %v: %s", limits.Rate, limits.Window, resume)
	}
	if !c.sending.Look(at, limits, true) {
		c.connection.stall()
		return limited.CutOff(tranship.LimitMinRate, "the client took less than %d bytes a second for %v: %s", limits.Rate, limits.Window, resume)
	}
	if c.receiving.Idle(at, c.lastSent, limits) {
		return limited.CutOff(tranship.LimitIdle, "nothing came from the client for %v", limits.Idle)
	}
	return nil
}
