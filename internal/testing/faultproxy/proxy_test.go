package faultproxy_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/tranship/tranship/internal/testing/faultproxy"
)

// echo returns the address of a server that sends a prefix and then what it receives.
func echo(t *testing.T, prefix string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				_, _ = io.WriteString(conn, prefix)
				_, _ = io.Copy(conn, conn)
			})
		}
	})
	return listener.Addr().String()
}

func listen(t *testing.T, server string, links func(int) faultproxy.Link) *faultproxy.Proxy {
	t.Helper()
	proxy, err := faultproxy.Listen(server, links)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	return proxy
}

func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(*net.TCPConn)
}

// exchange sends text, closes that half, and returns the whole reply.
func exchange(t *testing.T, address, text string) string {
	t.Helper()
	conn := dial(t, address)
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	reply, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(reply)
}

func TestProxy(t *testing.T) {
	proxy := listen(t, echo(t, "one "), nil)
	if got := exchange(t, proxy.Address(), "hello"); got != "one hello" {
		t.Errorf("got %q", got)
	}
	proxy.SetServer(echo(t, "two "))
	if got := exchange(t, proxy.Address(), "hello"); got != "two hello" {
		t.Errorf("got %q", got)
	}
	if up, down := proxy.Passed(faultproxy.Up), proxy.Passed(faultproxy.Down); up != 10 || down != 18 {
		t.Errorf("passed %d up, %d down", up, down)
	}
	if n := proxy.Connections(); n != 2 {
		t.Errorf("%d connections", n)
	}
}

// TestLinks checks that each connection has the link of its number.
func TestLinks(t *testing.T) {
	proxy := listen(t, echo(t, ""), func(connection int) faultproxy.Link {
		return faultproxy.Link{Up: faultproxy.Faults{CutAfter: new(int64(connection))}}
	})
	for n := range 3 {
		conn := dial(t, proxy.Address())
		_, _ = io.WriteString(conn, "hello")
		_, _ = io.ReadAll(conn) // The end may be an error.
		if passed := proxy.Passed(faultproxy.Up); passed > int64(n*(n+1)/2) {
			t.Errorf("connection %d: %d bytes passed in all", n, passed)
		}
	}
	proxy.SetLinks(nil)
	if got := exchange(t, proxy.Address(), "hello"); got != "hello" {
		t.Errorf("got %q", got)
	}
}

func TestCut(t *testing.T) {
	proxy := listen(t, echo(t, "x"), nil)
	conn := dial(t, proxy.Address())
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	proxy.Cut()
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes", n)
	}
	if got := exchange(t, proxy.Address(), "hello"); got != "xhello" {
		t.Errorf("got %q", got)
	}
}

// TestFreeze checks that only the proxy closes a frozen connection.
func TestFreeze(t *testing.T) {
	proxy := listen(t, echo(t, "x"), nil)
	conn := dial(t, proxy.Address())
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	proxy.Freeze()
	if _, err := io.WriteString(conn, "hello"); err != nil {
		t.Fatal(err)
	}
	if got := exchange(t, proxy.Address(), "hello"); got != "xhello" {
		t.Errorf("a new connection: got %q", got)
	}
	if passed := proxy.Passed(faultproxy.Up); passed != 5 {
		t.Errorf("%d bytes passed", passed)
	}
	if err := proxy.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes", n)
	}
}

func TestAwait(t *testing.T) {
	proxy := listen(t, echo(t, ""), nil)
	conn := dial(t, proxy.Address())
	reached := make(chan error, 1)
	go func() { reached <- proxy.Await(t.Context(), faultproxy.Down, 10) }()
	for range 10 {
		if _, err := io.WriteString(conn, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-reached; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := proxy.Await(ctx, faultproxy.Down, 11); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestNoServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	proxy := listen(t, address, nil)
	if n, err := dial(t, proxy.Address()).Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes", n)
	}
}
