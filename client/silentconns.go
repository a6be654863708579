package client

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/silence"
)

// silentConns are the connections of a client, or of a DialConn. When an operation has
// stalled, those on which nothing came meanwhile are closed, so that the next attempt gets
// another connection: the system does not notice a server whose process is stopped, nor a
// middlebox that acknowledges and forwards nothing. It is safe for concurrent use.
type silentConns struct {
	begun time.Time

	mu    sync.Mutex
	conns map[*heardConn]struct{}
}

func newSilentConns() *silentConns {
	return &silentConns{begun: time.Now(), conns: map[*heardConn]struct{}{}}
}

// heardConn is a connection that records when something came last.
type heardConn struct {
	net.Conn
	all *silentConns
	// heard is a time.Duration since all.begun.
	heard atomic.Int64
}

// add returns conn as one of the connections. It counts as heard now.
func (s *silentConns) add(conn net.Conn) net.Conn {
	added := &heardConn{Conn: conn, all: s}
	added.heard.Store(int64(time.Since(s.begun)))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[added] = struct{}{}
	return added
}

// WriteBuffers implements lane.BuffersWriter.
func (c *heardConn) WriteBuffers(buffers *net.Buffers) (int64, error) {
	return lane.WriteBuffers(c.Conn, buffers)
}

// Read implements net.Conn.
func (c *heardConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.heard.Store(int64(time.Since(c.all.begun)))
	}
	return n, err
}

// Close implements net.Conn.
func (c *heardConn) Close() error {
	c.all.mu.Lock()
	delete(c.all.conns, c)
	c.all.mu.Unlock()
	return c.Conn.Close()
}

// silentShare is the part of a stall timeout for which a connection must have been silent to
// be closed: something unrelated to the operation may have come after its last byte.
const silentShare = 2

// replace closes the silent connections if the operation of ctx has stalled.
func (s *silentConns) replace(ctx context.Context) {
	timeout, stalled := silence.Stalled(ctx)
	if !stalled || s == nil {
		return
	}
	var silent []*heardConn
	s.mu.Lock()
	for conn := range s.conns {
		if time.Since(s.begun)-time.Duration(conn.heard.Load()) >= timeout/silentShare {
			silent = append(silent, conn)
		}
	}
	s.mu.Unlock()
	for _, conn := range silent {
		_ = conn.Close() // grpc-go gives it up, and makes another
	}
}

// options returns the options of a connection whose calls replace silent connections when
// they have stalled.
func (s *silentConns) options() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(s.unary), grpc.WithChainStreamInterceptor(s.stream)}
}

// unary implements grpc.UnaryClientInterceptor.
func (s *silentConns) unary(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	err := invoke(ctx, method, request, reply, conn, options...)
	if err != nil {
		s.replace(ctx)
	}
	return err
}

// stream implements grpc.StreamClientInterceptor.
func (s *silentConns) stream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	opened, err := open(ctx, desc, conn, method, options...)
	if err != nil {
		s.replace(ctx)
		return nil, err
	}
	return &stallingStream{opened, ctx, s}, nil
}

// stallingStream is a stream of an operation that may stall.
type stallingStream struct {
	grpc.ClientStream
	ctx   context.Context
	conns *silentConns
}

// RecvMsg implements grpc.ClientStream.
func (s *stallingStream) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	if err != nil {
		s.conns.replace(s.ctx)
	}
	return err
}
