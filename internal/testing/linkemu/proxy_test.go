package linkemu

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// echo returns the address of a server that sends back what it reads until the client
// ends.
func echo(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	return listener.Addr().String()
}

func listen(t *testing.T, server string, link Link) *Proxy {
	t.Helper()
	proxy, err := Listen(server, link, link)
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

func dial(t *testing.T, proxy *Proxy) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", proxy.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn)
}

// TestProxy checks that all bytes and the end arrive over real connections, no sooner
// than the link allows.
func TestProxy(t *testing.T) {
	link := Link{Delay: 5 * time.Millisecond, BytesPerSecond: 125_000_000}
	conn := dial(t, listen(t, echo(t), link))
	content := bytes.Repeat([]byte("tranship"), 1<<18)
	begun := time.Now()
	go func() {
		conn.Write(content)
		conn.CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, content) {
		t.Fatalf("%d bytes came back, %v, want %d", len(got), err, len(content))
	}
	// The handshake, the way there and back, and the bandwidth.
	if least := 20*time.Millisecond + newLine(link).takes(len(content)); time.Since(begun) < least {
		t.Errorf("took %v, want at least %v", time.Since(begun), least)
	}
}

func TestProxyWithoutServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	conn := dial(t, listen(t, listener.Addr().String(), Link{}))
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("read from a server that is not there")
	}
}

// TestProxyClose checks that Close does not wait for data in flight.
func TestProxyClose(t *testing.T) {
	proxy := listen(t, echo(t), Link{Delay: time.Hour})
	conn := dial(t, proxy)
	if _, err := conn.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	proxy.Close()
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("read from a proxy that is closed")
	}
}
