package limit

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/minrate"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/server/internal/caller"
)

// unary waits for the turn of a call of one message, which has arrived.
func (l *Limiter) unary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	arrived(ctx)
	if err := refusal(ctx); err != nil {
		return nil, err
	}
	if err := l.turn(ctx); err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

// turn waits until a caller may make one more call.
func (l *Limiter) turn(ctx context.Context) error {
	calls := l.client(ctx).calls
	if calls == nil {
		return nil
	}
	waiting, cancel := context.WithTimeout(ctx, turnTime)
	defer cancel()
	switch err := calls.Wait(waiting); {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return rpcstatus.Error(ctx.Err())
	}
	return refuse(tranship.LimitCallsPerSecond, "%s makes more than %v calls a second: wait, and try again", caller.Name(ctx), l.options.CallsPerSecond)
}

// stream runs the handler of a stream beside a look at how fast its client is. A client
// that is too slow gets its status while the handler may still wait for it: gRPC then
// ends the stream, and with it the handler's waiting.
func (l *Limiter) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	arrived(stream.Context())
	if err := refusal(stream.Context()); err != nil {
		return err
	}
	if err := l.turn(stream.Context()); err != nil {
		return err
	}
	limits := l.options.pace()
	c := &call{
		ServerStream: stream,
		limiter:      l,
		pace:         &minrate.Call{Limits: limits},
		owes:         !info.IsClientStream || !info.IsServerStream,
		sent:         now(),
	}
	c.ctx = minrate.NewContext(stream.Context(), c.pace)
	for _, limiter := range []*rate.Limiter{l.client(c.ctx).bandwidth, l.bandwidth} {
		if limiter != nil {
			c.bandwidth = append(c.bandwidth, limiter)
		}
	}
	done := make(chan error, 1)
	go func() { done <- handler(server, c) }()
	look := time.NewTicker(interval(limits))
	defer look.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-look.C:
			if err := c.look(now()); err != nil {
				return err
			}
		}
	}
}

// interval is how often slowness is looked for.
func interval(limits minrate.Limits) time.Duration {
	shortest := time.Hour
	for _, bound := range []time.Duration{limits.Window, limits.Idle} {
		if bound > 0 {
			shortest = min(shortest, bound)
		}
	}
	return max(shortest/8, time.Millisecond)
}

// messageBytes is what a message counts for beside its payload.
const messageBytes = 128

// call is a stream whose client is watched and has its bandwidth.
type call struct {
	grpc.ServerStream
	limiter   *Limiter
	ctx       context.Context
	pace      *minrate.Call
	bandwidth []*rate.Limiter
	// owes: as long as the handler waits for a message, the client owes one.
	owes bool

	mu        sync.Mutex
	receiving minrate.Direction
	sending   minrate.Direction
	// sent is when something was sent last.
	sent time.Time
}

// Context has the limits for a service that knows better what its client owes.
func (c *call) Context() context.Context { return c.ctx }

// RecvMsg implements grpc.ServerStream. What was received it holds back as long as the
// limit of bandwidth says, so that the transport holds back the client.
func (c *call) RecvMsg(message any) error {
	c.mu.Lock()
	c.receiving.Begin(now())
	c.mu.Unlock()
	err := c.ServerStream.RecvMsg(message)
	length := int64(0)
	if err == nil {
		length = payloadLen(message)
	}
	c.mu.Lock()
	c.receiving.End(now(), length+messageBytes)
	c.sending.Add(length + messageBytes)
	if errors.Is(err, io.EOF) {
		c.owes = false
	}
	c.mu.Unlock()
	if err == nil {
		// If the call ends meanwhile, the next message tells.
		_ = c.throttle(length)
	}
	return err
}

// SendMsg implements grpc.ServerStream.
func (c *call) SendMsg(message any) error {
	length := payloadLen(message)
	if err := c.throttle(length); err != nil {
		return err
	}
	c.mu.Lock()
	c.sending.Begin(now())
	c.mu.Unlock()
	err := c.ServerStream.SendMsg(message)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = now()
	c.sending.End(c.sent, length+messageBytes)
	return err
}

// look fails if the client is too slow.
func (c *call) look(at time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	limits := c.pace.Limits
	if !c.receiving.Look(at, limits, c.owes) {
		return unavailable(tranship.LimitMinRate, "the client sent less than %d bytes a second for %v: what can be resumed goes on from here", limits.Rate, limits.Window)
	}
	if !c.sending.Look(at, limits, true) {
		c.stalled()
		return unavailable(tranship.LimitMinRate, "the client took less than %d bytes a second for %v: what can be resumed goes on from here", limits.Rate, limits.Window)
	}
	if c.receiving.Idle(at, c.sent, limits) {
		return unavailable(tranship.LimitIdle, "nothing came from the client for %v", limits.Idle)
	}
	return nil
}

// payloadLen is how much payload a message has; 0 for those that are not about files.
func payloadLen(message any) int64 {
	if m, ok := message.(*payload.Message); ok {
		return int64(m.Data.Len())
	}
	return 0
}
