// Package pipenet connects a client and a server by pipes in memory, for tests in virtual
// time: package synctest knows when all goroutines wait for each other.
package pipenet

import (
	"context"
	"net"
	"sync"
)

// Network is a net.Listener whose connections Dial makes. Use New to create one.
type Network struct {
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

var _ net.Listener = (*Network)(nil)

// New returns a network of one server.
func New() *Network {
	return &Network{accepted: make(chan net.Conn), closed: make(chan struct{})}
}

// Dial connects to the server, whatever the address. It has the signature that
// grpc.WithContextDialer wants.
func (n *Network) Dial(ctx context.Context, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case n.accepted <- server:
		return client, nil
	case <-n.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (n *Network) Accept() (net.Conn, error) {
	select {
	case conn := <-n.accepted:
		return conn, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (n *Network) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

// Addr implements net.Listener.
func (n *Network) Addr() net.Addr { return address{} }

type address struct{}

func (address) Network() string { return "pipe" }
func (address) String() string  { return "pipe" }
