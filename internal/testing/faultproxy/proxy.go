// Package faultproxy forwards TCP connections to a server and simulates the faults of
// networks: it cuts, stalls, delays and slows connections, damages bytes, and leaves
// half-open connections. It is for tests.
//
// Faults have byte offsets, not times, so that a test which knows what it sends meets
// them at the same point each time.
package faultproxy

import (
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
)

// Proxy listens on a free port of 127.0.0.1. It is safe for concurrent use.
type Proxy struct {
	listener net.Listener
	all      sync.WaitGroup
	passed   [2]counter
	accepted atomic.Int64

	mu          sync.Mutex
	servers     []string
	turn        int
	links       func(connection int) Link
	connections map[*connection]struct{}
	closed      bool
}

// Listen starts a proxy for the server at an address, "host:port". If links is nil, there
// are no faults. Otherwise the proxy calls it for the link of each connection.
// Connections are numbered from 0, in the order in which clients connect. Calls of links
// are never concurrent.
func Listen(server string, links func(connection int) Link) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		listener:    listener,
		servers:     []string{server},
		links:       links,
		connections: map[*connection]struct{}{},
	}
	p.all.Go(p.accept)
	return p, nil
}

// Address returns the address of the proxy, "host:port".
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Passed returns how many bytes all connections together have forwarded. They have been
// written to the operating system; the receiver may not have read them.
func (p *Proxy) Passed(direction Direction) int64 { return p.passed[direction].value() }

// Await waits until Passed is at least bytes.
func (p *Proxy) Await(ctx context.Context, direction Direction, bytes int64) error {
	return p.passed[direction].await(ctx, bytes)
}

// Connections returns how many connections have been accepted so far.
func (p *Proxy) Connections() int { return int(p.accepted.Load()) }

// SetServer changes the server of connections that are accepted from now on. Several servers
// get connections in turn, and one that is down is passed over.
func (p *Proxy) SetServer(addresses ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.servers = slices.Clone(addresses)
}

// SetLinks changes the links of connections that are accepted from now on. Their
// numbering continues.
func (p *Proxy) SetLinks(links func(connection int) Link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.links = links
}

// Cut closes all current connections, at both ends.
func (p *Proxy) Cut() {
	for _, c := range p.present() {
		c.cut()
	}
}

// Freeze makes all current connections half-open: nothing is forwarded any more in either
// direction, not even the end, and both sides see them open.
func (p *Proxy) Freeze() {
	for _, c := range p.present() {
		c.freeze()
	}
}

// Thaw makes current connections that are frozen continue where they stopped.
func (p *Proxy) Thaw() {
	for _, c := range p.present() {
		c.thaw()
	}
}

// Close closes all connections, and returns after all goroutines of the proxy have ended.
// Later calls do nothing.
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
		links := p.links
		p.turn = (p.turn + 1) % len(p.servers)
		servers := slices.Concat(p.servers[p.turn:], p.servers[:p.turn])
		p.mu.Unlock()
		var link Link
		if links != nil {
			link = links(n)
		}
		p.all.Go(func() { p.pass(client, servers, link) })
	}
}

// pass connects a client to the first of the servers that is not down. If all are, it closes
// the client's connection.
func (p *Proxy) pass(client net.Conn, servers []string, link Link) {
	var server net.Conn
	err := net.ErrClosed
	for i := 0; i < len(servers) && err != nil; i++ {
		server, err = net.Dial("tcp", servers[i])
	}
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
