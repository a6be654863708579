package admission

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/tranship/tranship/internal/minrate"
	"github.com/tranship/tranship/server/internal/fair"
)

// Receive receives the only message of a call, by calling read in another goroutine,
// when it is the call's turn. When the message does not arrive in time, or the call has to
// give way to another caller's, Receive returns before read does: the end of the call then
// ends read. What else ends the call must end read, whose error says what it was.
func (c *Call) Receive(read func() error) error {
	place, err := c.door.memory.enterArrival(c.ctx)
	if err != nil {
		return err
	}
	defer place.Leave()
	done := make(chan error, 1)
	go func() { done <- read() }()
	select {
	case err = <-done:
	case <-place.Over():
		return fair.ErrOvertaken()
	case <-c.late:
		return c.ctx.Err()
	case <-c.door.overdue:
		return errDraining
	}
	if err != nil {
		return err
	}
	c.arrival.Stop()
	return c.checkAgain()
}

// Stream describes a call that streams.
type Stream struct {
	// MessageBytes is the largest message that the transport accepts; 0 means
	// DefaultMaxMessageBytes.
	MessageBytes int
	// MemoryBytes is the most that the call takes in memory with its transport, if that does
	// not depend on MessageBytes; 0 means that it does.
	MemoryBytes int64
	// Handlers counts the handler while it runs, also when its call has ended before; it
	// may be nil. A transport waits for it before the store is closed.
	Handlers *sync.WaitGroup
	// Owes: while the handler waits for a message, the client owes one. It is so unless
	// both ends stream, where only the service knows.
	Owes bool
	// Idle: the call carries no work, such as one that waits for questions. It ends when
	// the Door drains.
	Idle bool
}

// Run runs the handler of a call that streams, in a goroutine of its own, when it is the
// call's turn and there is memory for it. Meanwhile it watches the client's speed and
// the call's credentials. The handler's messages go through Receiving, Received, Sending
// and Sent.
//
// When the Door ends the call, Run returns the reason at once, while the handler may
// still run: the call's context has ended, and no message passes any more. The transport
// must then make the handler's waiting for messages end. A panic of the handler is
// logged, and becomes an internal error.
func (c *Call) Run(stream Stream, handler func() error) error {
	c.arrival.Stop()
	if err := c.Turn(); err != nil {
		return err
	}
	place, err := c.enter(stream)
	if err != nil {
		return err
	}
	limits := c.door.slowness()
	c.place, c.slowness, c.failed = place, &minrate.Call{Limits: limits}, make(chan struct{})
	c.ctx, c.cut = context.WithCancel(minrate.NewContext(c.ctx, c.slowness))
	defer c.cut()
	c.bandwidth = [2]*limiter{&c.door.client(c.ctx).bandwidth, &c.door.bandwidth}
	c.owes, c.lastSent = stream.Owes, time.Now()
	done := make(chan error, 1)
	if stream.Handlers != nil {
		stream.Handlers.Add(1)
	}
	go func() {
		err := c.handle(handler)
		place.Leave()
		if stream.Handlers != nil {
			stream.Handlers.Done()
		}
		done <- err
	}()
	c.scheduleRecheck()
	look, looked := time.NewTicker(interval(limits)), time.Now()
	defer look.Stop()
	draining, overdue := c.idleDrain(stream), c.door.overdue
	for {
		select {
		case err := <-done:
			return cmp.Or(c.refusal(), err)
		case <-c.failed:
			return c.refusal()
		case <-place.Over():
			c.end(fair.ErrOvertaken())
		case <-draining:
			c.end(errDraining)
			draining = nil
		case <-overdue:
			if c.owesFirst(stream) {
				c.end(errDraining)
			}
			overdue = nil
		case <-look.C:
			now := time.Now()
			if minrate.DidNotRun(now.Sub(looked), interval(limits)) {
				c.skip(now)
			}
			looked = now
			if err := c.look(now); err != nil {
				c.end(err)
			}
		}
	}
}

// enter takes the place of a call that streams.
func (c *Call) enter(stream Stream) (*Place, error) {
	if stream.MemoryBytes > 0 {
		return c.door.memory.EnterSmall(c.ctx, stream.MemoryBytes, true)
	}
	return c.door.memory.Enter(c.ctx, weight(cmp.Or(stream.MessageBytes, DefaultMaxMessageBytes)), true)
}

// Handle runs the handler of a call with one message, after Receive. A panic of the
// handler is logged, and becomes an internal error.
func (c *Call) Handle(handler func() error) error { return c.handle(handler) }

func (c *Call) handle(handler func() error) (err error) {
	c.door.countHandler(c.method, 1)
	defer c.door.countHandler(c.method, -1)
	defer func() {
		if reason := recover(); reason != nil {
			c.door.log.ErrorContext(c.ctx, "panic", "operation", c.method, "reason", fmt.Sprint(reason), "stack", string(debug.Stack()))
			err = errInternal
		}
	}()
	return handler()
}

// interval is how often Run looks for slowness.
func interval(limits minrate.Limits) time.Duration {
	shortest := time.Hour
	for _, bound := range []time.Duration{limits.Window, limits.Idle} {
		if bound > 0 {
			shortest = min(shortest, bound)
		}
	}
	return max(shortest/8, time.Millisecond)
}
