package client

import (
	"context"
	"errors"
	"maps"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/internal/lane"
)

// laneCaller makes the calls that stream in both directions on lanes, and all others, or those
// for which there is no lane, on a connection of gRPC.
type laneCaller struct {
	grpc.ClientConnInterface
	pool *lanePool
	// credentials and interceptors are those of the connection of gRPC.
	credentials  callCredentials
	interceptors []grpc.StreamClientInterceptor
}

// NewStream implements grpc.ClientConnInterface.
func (c laneCaller) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	if !desc.ClientStreams || !desc.ServerStreams {
		return c.ClientConnInterface.NewStream(ctx, desc, method, options...)
	}
	l, err := c.pool.get(ctx)
	if err != nil {
		if c.pool.required {
			return nil, status.Error(codes.Unavailable, err.Error())
		}
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

// open begins a call on a lane, and in place of one that was lost while it was idle, on another.
func (c laneCaller) open(ctx context.Context, l *pooledLane, method string) (grpc.ClientStream, error) {
	for {
		stream, err := c.openOn(ctx, l, method)
		if err == nil {
			return stream, nil
		}
		idle := !l.fresh
		c.pool.put(l, false)
		if !idle || !errors.Is(err, lane.ErrLost) {
			return nil, laneStatus(err)
		}
		if l, err = c.pool.get(ctx); err != nil {
			return nil, status.Error(codes.Unavailable, err.Error())
		}
	}
}

func (c laneCaller) openOn(ctx context.Context, l *pooledLane, method string) (*lane.ClientStream, error) {
	tokens, err := c.credentials.metadata(ctx, l.info)
	if err != nil {
		return nil, err
	}
	headers := lane.Headers{Method: method, Metadata: metadata.New(tokens)}
	if outgoing, ok := metadata.FromOutgoingContext(ctx); ok {
		maps.Copy(headers.Metadata, outgoing)
	}
	if deadline, ok := ctx.Deadline(); ok {
		headers.Timeout = max(time.Until(deadline), time.Nanosecond)
	}
	return l.Open(ctx, headers, func(reusable bool) { c.pool.put(l, reusable) })
}

// laneStatus returns the error of a call that could not be begun.
func laneStatus(err error) error {
	if _, ok := status.FromError(err); ok {
		return err
	}
	return status.Error(codes.Unavailable, err.Error())
}
