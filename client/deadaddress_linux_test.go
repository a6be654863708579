package client

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

// deaden makes a listener drop packets that ask for a connection, as a machine that is off:
// Linux does so when the queue of a listener is full.
func deaden(t *testing.T, listener net.Listener) {
	t.Helper()
	raw, err := listener.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var shortened error
	if err := raw.Control(func(fd uintptr) { shortened = syscall.Listen(int(fd), 0) }); err != nil || shortened != nil {
		t.Fatal(err, shortened)
	}
	for range 10 {
		conn, err := net.DialTimeout("tcp", listener.Addr().String(), 50*time.Millisecond)
		if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Fatal("the queue of the listener is never full")
}

// Connecting and reconnecting pass addresses that do not answer at all, within the time for
// one connection.
func TestDialPassesDeadAddresses(t *testing.T) {
	t.Parallel()
	n, listeners := listen(t, "127.0.0.2", "127.0.0.3", "127.0.0.1")
	deaden(t, listeners[0])
	deaden(t, listeners[1])
	first := serveAt(t, listeners[2], "first")
	c, err := Dial(t.Context(), n.address(), Options{lookup: n.lookup})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	first.Stop()
	again, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", n.port))
	if err != nil {
		t.Fatal(err)
	}
	serveAt(t, again, "second")
	await(t, c, "second")
}

// Dial gives up dead addresses after ConnectTimeout, and names them.
func TestDialDeadAddresses(t *testing.T) {
	t.Parallel()
	n, listeners := listen(t, "127.0.0.2", "127.0.0.3")
	deaden(t, listeners[0])
	deaden(t, listeners[1])
	begun := time.Now()
	_, err := Dial(t.Context(), n.address(), Options{lookup: n.lookup, ConnectTimeout: time.Second})
	if took := time.Since(begun); !errors.Is(err, tranship.ErrUnavailable) || took > 3*time.Second ||
		!strings.Contains(err.Error(), "127.0.0.2:"+n.port+" has not answered, 127.0.0.3:"+n.port+" has not answered") {
		t.Errorf("%v after %v", err, took)
	}
}
