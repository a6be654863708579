package lane

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ErrLost is the error of Open for a lane that takes no further call. Nothing of the call was
// sent.
var ErrLost = errors.New("lane: the lane takes no further call")

// watchIdle starts a goroutine that reads while no call is under way, so that the lane notices
// that the server goes away or is lost.
func (c *Conn) watchIdle() {
	go func() {
		c.reading.Lock()
		defer c.reading.Unlock()
		if c.calling {
			return
		}
		next, err := c.read()
		if isInterrupt(err) {
			return
		}
		if err == nil {
			next.body.Free()
		}
		c.lose()
	}()
}

// Open begins a call at the client. The call ends when ctx ends. released is called once, after
// the end of the call: with true if the lane can have another, and with false if it is closed. It
// may be called before Open returns, and from any goroutine. Open must not be called again before
// released was called with true. If Open fails, released is not called, and the caller must close
// the lane. The error is then ErrLost, or a status error.
func (c *Conn) Open(ctx context.Context, headers Headers, released func(reusable bool)) (*ClientStream, error) {
	if err := ctx.Err(); err != nil {
		return nil, contextError(ctx)
	}
	encoded, err := headers.encode(c.options.MaxHeaderBytes)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	c.interrupt()
	lost := c.isLost()
	c.calling = true
	c.reading.Unlock()
	if lost {
		return nil, ErrLost
	}
	if err := c.writer.append(ctx, kindHeaders, [][]byte{encoded}, len(encoded)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLost, err)
	}
	s := &ClientStream{conn: c, ctx: ctx, released: released, sending: newLock(), over: make(chan struct{})}
	s.mu.Lock()
	s.stop = context.AfterFunc(ctx, s.abort)
	s.mu.Unlock()
	return s, nil
}
