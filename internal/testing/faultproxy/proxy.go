// Package faultproxy passes TCP connections on to a server and does to them what
// networks do: it cuts, stalls, delays and slows them, damages bytes, and leaves
// connections open that nothing comes through any more. It is for tests.
//
// Faults are told by the byte, not by the clock, so that a test which knows what
// it sends meets them in the same place each time.
package faultproxy

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// Proxy listens on a port of its own on 127.0.0.1. It is safe for concurrent use.
type Proxy struct {
	listener net.Listener
	all      sync.WaitGroup
	passed   [2]counter
	accepted atomic.Int64

	mu          sync.Mutex
	server      string
	links       func(connection int) Link
	connections map[*connection]struct{}
	closed      bool
}

// Listen starts a proxy for the server at address, "host:port". A nil links passes
// everything on unharmed; otherwise it is asked for the link of each connection,
// which are counted from 0, in the order in which clients connect, and never twice
// at a time.
func Listen(server string, links func(connection int) Link) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		listener:    listener,
		server:      server,
		links:       links,
		connections: map[*connection]struct{}{},
	}
	p.all.Go(p.accept)
	return p, nil
}

// Address is where clients connect to, "host:port".
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Passed is how many bytes all connections together have passed on. They have been
// handed to the operating system; the receiver may not have read them.
func (p *Proxy) Passed(direction Direction) int64 { return p.passed[direction].value() }

// Await waits until Passed is at least bytes.
func (p *Proxy) Await(ctx context.Context, direction Direction, bytes int64) error {
	return p.passed[direction].await(ctx, bytes)
}

// Connections is how many have been accepted so far.
func (p *Proxy) Connections() int { return int(p.accepted.Load()) }

// SetServer changes where connections go that are accepted from now on.
func (p *Proxy) SetServer(address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.server = address
}

// SetLinks changes the links of connections that are accepted from now on. Their
// counting goes on.
func (p *Proxy) SetLinks(links func(connection int) Link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.links = links
}

// Cut closes all present connections, at both ends.
func (p *Proxy) Cut() {
	for _, c := range p.present() {
		c.cut()
	}
}

// Freeze makes all present connections half-open: nothing comes through any more
// in either direction, not even their end, and both sides see them open.
func (p *Proxy) Freeze() {
	for _, c := range p.present() {
		c.freeze()
	}
}

// Thaw lets present connections that are frozen go on where they were.
func (p *Proxy) Thaw() {
	for _, c := range p.present() {
		c.thaw()
	}
}

// Close closes all connections, and returns once nothing of the proxy is left.
// After the first time it does nothing.
func (p *Proxy) Close() error {
	p.mu.Lock()
	closed := p.closed
	p.closed = true
	p.mu.Unlock()
	if closed {
		return nil
	}
	err := p.listener.Close()
	p.Cut()
	p.all.Wait()
	return err
}

func (p *Proxy) present() []*connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	present := make([]*connection, 0, len(p.connections))
	for c := range p.connections {
		present = append(present, c)
	}
	return present
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		n := int(p.accepted.Add(1) - 1)
		p.mu.Lock()
		address, links := p.server, p.links
		p.mu.Unlock()
		var link Link
		if links != nil {
			link = links(n)
		}
		p.all.Go(func() { p.pass(client, address, link) })
	}
}

// pass connects a client to the server. Where there is no server, the client's
// connection is closed.
func (p *Proxy) pass(client net.Conn, address string, link Link) {
	server, err := net.Dial("tcp", address)
	if err != nil {
		_ = client.Close()
		return
	}
	c := newConnection(client, server, link, &p.passed)
	p.mu.Lock()
	p.connections[c] = struct{}{}
	closed := p.closed
	p.mu.Unlock()
	if closed {
		c.cut()
	}
	c.run()
	p.mu.Lock()
	delete(p.connections, c)
	p.mu.Unlock()
}
