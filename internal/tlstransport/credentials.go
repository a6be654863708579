// Package tlstransport provides TLS for gRPC connections that move files. It is that of
// grpc-go, except that records which are written together go to the connection in one
// write. crypto/tls makes a system call for each record of 16 KiB, and the kernel a
// segment, which is a third of the cost of sending long streams.
package tlstransport

import (
	"context"
	"crypto/tls"
	"net"
	"sync"

	"google.golang.org/grpc/credentials"
)

// New returns transport credentials that use config.
func New(config *tls.Config) credentials.TransportCredentials {
	return transport{credentials.NewTLS(config), &sync.Pool{}}
}

type transport struct {
	credentials.TransportCredentials
	buffers *sync.Pool
}

// ClientHandshake implements credentials.TransportCredentials.
func (t transport) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	batched := &batch{Conn: raw, buffers: t.buffers}
	secured, info, err := t.TransportCredentials.ClientHandshake(ctx, authority, batched)
	if err != nil {
		return nil, nil, err
	}
	return &conn{secured, batched}, info, nil
}

// ServerHandshake implements credentials.TransportCredentials.
func (t transport) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	batched := &batch{Conn: raw, buffers: t.buffers}
	secured, info, err := t.TransportCredentials.ServerHandshake(batched)
	if err != nil {
		return nil, nil, err
	}
	return &conn{secured, batched}, info, nil
}

// Clone implements credentials.TransportCredentials.
func (t transport) Clone() credentials.TransportCredentials {
	return transport{t.TransportCredentials.Clone(), t.buffers}
}

// conn is a TLS connection over a batch.
type conn struct {
	net.Conn
	batch *batch
}

// WriteBuffers writes all buffers, with few writes of the connection below.
func (c *conn) WriteBuffers(buffers *net.Buffers) (int64, error) {
	c.batch.begin()
	n, err := buffers.WriteTo(c.Conn)
	if flushed := c.batch.end(); err == nil && flushed != nil {
		return 0, flushed
	}
	return n, err
}

// CloseWrite tells the other end that no more bytes follow.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Write implements net.Conn. When it returns, nothing of p is buffered.
func (c *conn) Write(p []byte) (int, error) {
	c.batch.begin()
	n, err := c.Conn.Write(p)
	if flushed := c.batch.end(); err == nil && flushed != nil {
		return 0, flushed
	}
	return n, err
}
