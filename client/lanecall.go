package client

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/client/internal/lanes"
	"github.com/tranship/tranship/internal/lane"
)

// Reasons why a client does not use lanes.
var (
	errGRPCChosen  = errors.New("the caller has chosen gRPC")
	errDialOptions = errors.New("the options of gRPC that the caller has set cannot apply to lanes")
)

// maxLosses is how many lanes a call tries that were lost while they had no call.
const maxLosses = 3

// laneCaller makes the calls that stream in both directions on lanes, and all others, or those
// for which there is no lane, on a connection of gRPC.
type laneCaller struct {
	grpc.ClientConnInterface
	// lanes is nil if the client does not use lanes; without says why.
	lanes   *lanes.Lanes
	without error
	// isRequired means that no call falls back to gRPC.
	isRequired bool
	// used reports the transport of each call.
	used *transportUse
	// credentials and interceptors are those of the connection of gRPC.
	credentials  callCredentials
	interceptors []grpc.StreamClientInterceptor
}

// NewStream implements grpc.ClientConnInterface.
func (c laneCaller) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	if !desc.ClientStreams || !desc.ServerStreams {
		return c.ClientConnInterface.NewStream(ctx, desc, method, options...)
	}
	var l *lanes.Lane
	err := c.without
	if c.lanes != nil {
		l, err = c.lanes.Get(ctx)
	}
	if ctx.Err() != nil {
		if l != nil {
			c.lanes.Release(l, true)
		}
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	if err != nil && c.isRequired {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	c.used.note(err)
	if err != nil {
		return c.ClientConnInterface.NewStream(ctx, desc, method, options...)
	}
	open := func(ctx context.Context, _ *grpc.StreamDesc, _ *grpc.ClientConn, method string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
		return c.open(ctx, l, method)
	}
	for i := len(c.interceptors) - 1; i >= 0; i-- {
		intercept, next := c.interceptors[i], open
		open = func(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
			return intercept(ctx, desc, conn, method, next, options...)
		}
	}
	return open(ctx, desc, nil, method)
}

// open begins a call on l, or on another lane if l was lost while it had no call. It releases
// each lane.
func (c laneCaller) open(ctx context.Context, l *lanes.Lane, method string) (grpc.ClientStream, error) {
	for losses := 1; ; losses++ {
		headers, err := c.headers(ctx, l, method)
		if err != nil {
			c.lanes.Release(l, true)
			return nil, err
		}
		wasIdle := l.WasIdle() // once the call has begun, its end may release the lane at any time
		called, cancel := context.WithCancel(ctx)
		stream, err := l.Open(called, headers, func(reusable bool) { c.lanes.Release(l, reusable) })
		if err == nil {
			return &laneStream{stream, cancel, wasIdle}, nil
		}
		cancel()
		c.lanes.Release(l, false)
		if ctx.Err() == nil && errors.Is(err, lane.ErrLost) && losses < maxLosses {
			if l, err = c.lanes.Get(ctx); err == nil {
				continue
			}
		}
		if _, ok := status.FromError(err); ok {
			return nil, err
		}
		return nil, status.Error(codes.Unavailable, err.Error())
	}
}

// headers returns the headers of a call on a lane, with the credentials that gRPC would send.
func (c laneCaller) headers(ctx context.Context, l *lanes.Lane, method string) (lane.Headers, error) {
	brought, err := c.credentials.metadata(ctx, l.Info)
	if err != nil {
		return lane.Headers{}, err
	}
	outgoing, _ := metadata.FromOutgoingContext(ctx)
	headers := lane.Headers{Method: method, Metadata: metadata.Join(outgoing, metadata.New(brought))}
	if deadline, ok := ctx.Deadline(); ok {
		headers.Timeout = max(time.Until(deadline), time.Nanosecond)
	}
	return headers, nil
}

// laneStream is a call on a lane. Its context ends with it, as in grpc-go.
type laneStream struct {
	*lane.ClientStream
	cancel context.CancelFunc
	// wasIdle means that the lane had no call for some time before.
	wasIdle bool
}

// RecvMsg implements grpc.ClientStream.
func (s *laneStream) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	if err != nil {
		s.cancel()
	}
	return explainStale(err, s.wasIdle, s.Heard())
}
