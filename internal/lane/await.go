package lane

import (
	"context"
	"time"
)

// AwaitHeaders waits at the server for the headers of the next call: at most idle until they
// begin, and at most arrival until each frame that has begun is complete. Pings do not prolong
// idle. It must not be called while a call is under way. The error is a *ProtocolError if the
// client breaks the protocol, and otherwise that of Options.Control or of the connection, such as
// io.EOF if the client has closed it. After an error, the caller must close the lane.
func (c *Conn) AwaitHeaders(idle, arrival time.Duration) (Headers, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	defer func() { _ = c.net.SetReadDeadline(time.Time{}) }()
	idleEnd := time.Now().Add(idle)
	for {
		if c.stash.kind == 0 {
			_ = c.net.SetReadDeadline(idleEnd)
			if err := c.reader.awaitFirst(); err != nil {
				return Headers{}, err
			}
			_ = c.net.SetReadDeadline(time.Now().Add(arrival))
		}
		next, err := c.readOne()
		switch {
		case err != nil:
			return Headers{}, err
		case next.kind == kindHeaders:
			headers, err := decodeHeaders(next.body)
			c.calling = err == nil
			return headers, err
		case next.kind != 0:
			next.body.Free() // a late cancel
		}
	}
}

// Serve returns the stream of the call whose headers AwaitHeaders has returned. Its context is
// derived from ctx, and ends when the client cancels the call or the connection is lost. Before
// the client's end, only RecvMsg notices that. The caller must call Finish.
func (c *Conn) Serve(ctx context.Context) *ServerStream {
	s := &ServerStream{conn: c, sending: newLock(), over: make(chan struct{}), woken: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	s.stop = context.AfterFunc(s.ctx, s.wake)
	return s
}
