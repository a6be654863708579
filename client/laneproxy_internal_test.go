package client

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestLanesThroughProxies requires lanes through proxies, which resolve the name.
func TestLanesThroughProxies(t *testing.T) {
	address := storeserver.Serve(t, new(mem.Store), server.Config{})
	for scheme, serve := range map[string]func(*proxy, net.Conn){"http": serveHTTPProxy, "socks5": serveSOCKS} {
		t.Run(scheme, func(t *testing.T) {
			p := newProxy(t, address, "", serve)
			through := func(string) (*url.URL, error) { return &url.URL{Scheme: scheme, Host: p.Addr().String()}, nil }
			c, err := Dial(t.Context(), "files.test:443", Options{Proxy: through, Transport: TransportLanes})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.Put(t.Context(), tranship.Spec{Path: "a"}, []byte("content")); err != nil {
				t.Error(err)
			}
			if asked := p.requests(); strings.Count(asked, "files.test") != 2 {
				t.Errorf("asked the proxy for %q, want the server for gRPC and for a lane", asked)
			}
		})
	}
}

// anyone takes every token.
type anyone struct{}

// Authenticate implements authn.Authenticator.
func (anyone) Authenticate(context.Context, authn.Credentials) (authn.Identity, error) {
	return authn.Identity{Principal: access.Principal{Name: "alice"}}, nil
}

// TestLanesToOneServer has a name with two addresses, of which one is dead. Lanes go to the one
// that has answered over gRPC, also with a token in plaintext, which stays on this machine.
func TestLanesToOneServer(t *testing.T) {
	first := storeserver.Serve(t, new(mem.Store), server.Config{Authenticators: []authn.Authenticator{anyone{}}, Anonymous: server.AnonymousWrite})
	host, port, err := net.SplitHostPort(first)
	if err != nil {
		t.Fatal(err)
	}
	lookup := func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.99"), netip.MustParseAddr(host)}, nil
	}
	token := func(context.Context) (string, error) { return "secret", nil }
	for _, options := range []Options{{}, {Token: token}} {
		options.Transport, options.lookup = TransportLanes, lookup
		c, err := Dial(t.Context(), net.JoinHostPort("files.test", port), options)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Put(t.Context(), tranship.Spec{Path: "a"}, nil); err != nil {
			t.Error(err)
		}
		_ = c.Close()
	}
}
