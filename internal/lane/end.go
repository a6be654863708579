package lane

import (
	"context"
	"net"
	"time"
)

const (
	// endTime is how long the end of a call may take at most: the other end reads or sends
	// what was under way.
	endTime = 2 * time.Second
	// discardBytes is how much of what comes at the end of a call is dropped at most, in bytes.
	// It is more than a connection has in flight.
	discardBytes = 64 << 20
)

// GoAway tells the client that the server takes no further call on this lane. It does not wait.
// The server may close the lane when the call under way has ended. GoAway may be called at any
// time, and more than once.
func (c *Conn) GoAway() {
	c.lose()
	_ = c.writer.control(kindGoAway, nil) // it fails only if the connection is lost
}

// Retire ends a lane on which no call is under way: it tells the client, and closes the
// connection when all that was sent is written, which takes 2 s at most.
func (c *Conn) Retire() {
	c.GoAway()
	ctx, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	_ = c.net.SetWriteDeadline(time.Now().Add(endTime))
	_ = c.writer.flush(ctx)
	_ = c.Close()
}

// Close closes the connection, which ends a call under way. Further calls return the result
// of the first.
func (c *Conn) Close() error {
	c.closeOnce.Do(func() {
		c.lose()
		c.writer.fail(net.ErrClosed)
		c.closeErr = c.net.Close()
	})
	return c.closeErr
}

// discard drops frames until last returns true for one. It reports whether that happened within
// the bounds. The caller must hold reading.
func (c *Conn) discard(last func(kind) bool) bool {
	_ = c.net.SetReadDeadline(time.Now().Add(endTime))
	defer func() { _ = c.net.SetReadDeadline(time.Time{}) }()
	// A call that was refused must not take memory for messages.
	c.reader.drop = true
	defer func() { c.reader.drop = false }()
	for dropped := 0; dropped < discardBytes; {
		next, err := c.read()
		if err != nil {
			// After a deadline, or a message that is too large, the other end can still read
			// the status.
			c.broken = !isInterrupt(err) && !isTooLarge(err)
			return false
		}
		dropped += frameBytes + next.length
		next.body.Free()
		if next.kind == kindHeaders { // before the end of this call
			c.broken = true
			return false
		}
		if last(next.kind) {
			return true
		}
	}
	return false
}

// linger ends a connection so that the other end can read what was written: it half-closes it,
// and drops what comes for a short time. The caller must hold reading.
func (c *Conn) linger() {
	ctx, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	_ = c.net.SetWriteDeadline(time.Now().Add(endTime))
	if c.writer.flush(ctx) != nil {
		return
	}
	if half, ok := c.net.(interface{ CloseWrite() error }); ok && half.CloseWrite() != nil {
		return
	}
	_ = c.net.SetReadDeadline(time.Now().Add(endTime))
	buffer := c.options.Pool.Get(fullBuffer)
	defer c.options.Pool.Put(buffer)
	for dropped := 0; dropped < discardBytes; {
		n, err := c.net.Read(*buffer)
		if err != nil {
			return
		}
		dropped += n
	}
}
