package client

import (
	"net"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// cutListener can close the connections that it has accepted.
type cutListener struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

// Accept implements net.Listener.
func (l *cutListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, conn)
	return conn, err
}

func (l *cutListener) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		_ = conn.Close()
	}
	l.conns = nil
}

// A name may be that of several servers. A client stays at the one that it has found: with
// more connections, and with a new one after a cut, although an address before it has come
// alive. Uploads could not be resumed elsewhere.
func TestStaysAtAddress(t *testing.T) {
	t.Parallel()
	n, listeners := listen(t, "127.0.0.2", "127.0.0.1")
	found := &cutListener{Listener: listeners[1]}
	serveAt(t, found, "found")
	c, err := Dial(t.Context(), n.address(), Options{lookup: n.lookup})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	serveAt(t, listeners[0], "other")
	for range 3 {
		for stream := range maxConnections {
			if got := answers(t, c.connections.service(stream)); got != "found" {
				t.Errorf("connection %d is to %q", stream, got)
			}
		}
		found.cut()
	}
}

// answers returns the name of the server of a connection. Calls may fail until the client has
// noticed that the connection was cut.
func answers(t *testing.T, files transhipv1.FileServiceClient) string {
	t.Helper()
	for {
		info, err := files.GetServerInfo(t.Context(), &transhipv1.GetServerInfoRequest{}, grpc.WaitForReady(true))
		switch status.Code(err) {
		case codes.OK:
			return info.GetServerVersion()
		case codes.Unavailable:
		default:
			t.Fatal(err)
		}
	}
}
