package sendbuffer_test

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tranship/tranship/internal/sendbuffer"
	"github.com/tranship/tranship/internal/testing/loopback"
)

// TestBound checks that Bound bounds a connection on loopback, and no other.
func TestBound(t *testing.T) {
	conn, _ := loopback.TCP(t)
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	size := func() (size int) {
		t.Helper()
		err := raw.Control(func(fd uintptr) {
			size, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF)
		})
		if err != nil {
			t.Fatal(err)
		}
		return size
	}
	before := size()
	sendbuffer.Bound(elsewhere{conn}) // no *net.TCPConn
	if got := size(); got != before {
		t.Errorf("the buffer of a connection that is not known to be on loopback went from %d to %d bytes", before, got)
	}
	const system = 2 // the system doubles the size
	sendbuffer.Bound(conn)
	if got := size(); got != system*256<<10 {
		t.Errorf("a buffer of %d bytes", got)
	}
}

// elsewhere is a connection of which nothing is known.
type elsewhere struct{ net.Conn }
