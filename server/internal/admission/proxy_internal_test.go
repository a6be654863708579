package admission

import (
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/tranship/tranship/server/internal/origin"
	"github.com/tranship/tranship/server/limit"
)

// TestConnectionsOfProxies checks what counts for a connection of a trusted proxy, before
// and after the proxy has reported whose it is.
func TestConnectionsOfProxies(t *testing.T) {
	door := New(Options{
		Proxies: origin.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Protocol: true},
		Limits:  limit.Options{ConnectionsPerPeer: 1, FramesPerSecond: 10},
	})
	proxy := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1}
	client := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}
	var all []*Connection
	for range 3 {
		c, err := door.Connect(proxy, func() {})
		if err != nil || !c.BeginsWithHeader() {
			t.Fatalf("a connection of the proxy: %v", err)
		}
		if err := c.Control(1000); err != nil {
			t.Errorf("frames of a proxy: %v", err)
		}
		all = append(all, c)
	}
	if err := all[0].Forwarded(client); err != nil {
		t.Fatal(err)
	}
	if err := all[0].Control(1000); err == nil {
		t.Error("the frames of a client are not bounded")
	}
	if err := all[1].Forwarded(client); err == nil {
		t.Error("a client has two connections")
	}
	if c, err := door.Connect(client, func() {}); err == nil {
		t.Errorf("a client has a direct connection beside: %+v", c)
	}
	all[0].Close()
	all[1].Close()
	direct, err := door.Connect(client, func() {})
	if err != nil || direct.BeginsWithHeader() {
		t.Fatalf("a direct connection: %v", err)
	}
	direct.Close()
	all[2].Close()
	if len(door.connections) != 0 || door.all != 0 {
		t.Errorf("left: %v, %d", door.connections, door.all)
	}
}

// TestForwardedWhileClosed closes a connection, as a server that drains does, while the
// header of its proxy is read. The client counts for nothing afterwards.
func TestForwardedWhileClosed(t *testing.T) {
	door := New(Options{
		Proxies: origin.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Protocol: true},
		Limits:  limit.Options{ConnectionsPerPeer: 1, FramesPerSecond: 10},
	})
	c, err := door.Connect(&net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1}, func() {})
	if err != nil {
		t.Fatal(err)
	}
	var closing sync.WaitGroup
	closing.Go(c.Close)
	forward := func() error { return c.Forwarded(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}) }
	if err := forward(); err != nil {
		t.Error(err)
	}
	closing.Wait()
	if err := forward(); err != nil {
		t.Error(err)
	}
	c.Close()
	if len(door.connections) != 0 || door.all != 0 {
		t.Errorf("left: %v, %d", door.connections, door.all)
	}
}
