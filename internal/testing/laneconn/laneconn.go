// Package laneconn makes calls on lanes for tests that are written for gRPC.
package laneconn

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship/internal/lane"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// Over returns a connection whose calls of Upload and Download are each on a new lane to the
// address, and all others on conn. The lanes are closed when the test ends.
func Over(t testing.TB, conn grpc.ClientConnInterface, address string) grpc.ClientConnInterface {
	return OverDialer(t, conn, func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	})
}

// OverDialer is Over with lanes on the connections that dial makes.
func OverDialer(t testing.TB, conn grpc.ClientConnInterface, dial func(context.Context) (net.Conn, error)) grpc.ClientConnInterface {
	c := &laneConn{ClientConnInterface: conn, dial: dial}
	t.Cleanup(c.close)
	return c
}

type laneConn struct {
	grpc.ClientConnInterface
	dial func(context.Context) (net.Conn, error)

	mu    sync.Mutex
	lanes []*lane.Conn
}

func (c *laneConn) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.lanes {
		_ = l.Close()
	}
}

// NewStream implements grpc.ClientConnInterface.
func (c *laneConn) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	if method != transhipv1.FileService_Upload_FullMethodName && method != transhipv1.FileService_Download_FullMethodName {
		return c.ClientConnInterface.NewStream(ctx, desc, method, options...)
	}
	raw, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	l, err := lane.Dial(ctx, raw, lane.Options{Codec: codecOf(options)})
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	c.mu.Lock()
	c.lanes = append(c.lanes, l)
	c.mu.Unlock()
	headers := lane.Headers{Method: method}
	headers.Metadata, _ = metadata.FromOutgoingContext(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		headers.Timeout = max(time.Until(deadline), time.Nanosecond)
	}
	return l.Open(ctx, headers, func(bool) { _ = l.Close() })
}

// codecOf returns the codec that options force; nil if there is none.
func codecOf(options []grpc.CallOption) encoding.CodecV2 {
	for _, option := range options {
		if forced, ok := option.(grpc.ForceCodecCallOption); ok {
			return codec{forced.Codec}
		}
	}
	return nil
}

// codec is a codec of grpc-go's first interface, for the messages of a call.
type codec struct{ encoding.Codec }

// Marshal implements encoding.CodecV2.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	encoded, err := c.Codec.Marshal(v)
	return mem.BufferSlice{mem.SliceBuffer(encoded)}, err
}

// Unmarshal implements encoding.CodecV2.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	if status, ok := v.(*transhipv1.LaneStatus); ok {
		return proto.Unmarshal(data.Materialize(), status)
	}
	return c.Codec.Unmarshal(data.Materialize(), v)
}
