package servers

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
)

// balancer leads connections to servers in turn.
type balancer struct {
	listener net.Listener
	running  sync.WaitGroup

	mu      sync.Mutex
	servers []*backend
	next    int
	closed  bool
}

// backend is one server.
type backend struct {
	address string
	server  *server.Server
	// conns are the connections that lead to it.
	conns map[net.Conn]bool
	// all counts them, with those that have ended.
	all int
}

// newBalancer starts a server for each store, and a balancer before them.
func newBalancer(t *testing.T, config server.Config, stores ...tranship.Store) *balancer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{listener: listener}
	for _, store := range stores {
		b.servers = append(b.servers, startBackend(t, store, config))
	}
	b.running.Go(b.accept)
	t.Cleanup(func() {
		b.mu.Lock()
		b.closed = true
		b.mu.Unlock()
		listener.Close()
		for _, of := range b.servers {
			b.cut(of)
		}
		b.running.Wait()
	})
	return b
}

func startBackend(t *testing.T, store tranship.Store, config server.Config) *backend {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := storeserver.New(t, store, config)
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), listener) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-served; !errors.Is(err, server.ErrStopped) {
			t.Errorf("a server ended with %v", err)
		}
	})
	return &backend{address: listener.Addr().String(), server: s, conns: make(map[net.Conn]bool)}
}

func (b *balancer) accept() {
	for {
		conn, err := b.listener.Accept()
		if err != nil {
			return
		}
		b.running.Go(func() { b.serve(conn) })
	}
}

// serve passes bytes in both directions until either end closes.
func (b *balancer) serve(conn net.Conn) {
	to := b.choose()
	if to == nil {
		conn.Close()
		return
	}
	inner, err := net.Dial("tcp", to.address)
	if err != nil {
		conn.Close()
		return
	}
	if !b.add(to, conn) {
		conn.Close()
	}
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{conn, inner}, {inner, conn}} {
		both.Go(func() {
			io.Copy(way[0], way[1])
			conn.Close()
			inner.Close()
		})
	}
	both.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(to.conns, conn)
}

// choose returns the server for the next connection.
func (b *balancer) choose() *backend {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.servers) == 0 {
		return nil
	}
	b.next++
	return b.servers[b.next%len(b.servers)]
}

func (b *balancer) add(to *backend, conn net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	to.conns[conn] = true
	to.all++
	return !b.closed
}

// cut ends the connections that lead to a server.
func (b *balancer) cut(of *backend) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for conn := range of.conns {
		conn.Close()
	}
}

// fail takes a server out and stops it, as when its machine fails. It returns false if that has
// failed before.
func (b *balancer) fail(failed *backend) bool {
	b.mu.Lock()
	i := slices.Index(b.servers, failed)
	if i >= 0 {
		b.servers = slices.Delete(b.servers, i, i+1)
	}
	b.mu.Unlock()
	if i < 0 {
		return false
	}
	b.cut(failed)
	b.running.Go(failed.server.Stop) // which waits for its handlers
	return true
}

// reached returns how many servers a connection has reached.
func (b *balancer) reached() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, of := range b.servers {
		if of.all > 0 {
			n++
		}
	}
	return n
}

func (b *balancer) address() string { return b.listener.Addr().String() }
