package grpcadmission

import (
	"io"
	"net"
	"net/netip"
	"testing"

	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"

	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/origin"
)

// TestEqualEnds closes one of two connections that a client has from one port, through two
// proxies. The other still has its limits.
func TestEqualEnds(t *testing.T) {
	door := admission.New(admission.Options{
		Proxies: origin.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Protocol: true},
	})
	a := New(door, Options{})
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	listener := a.Listener(inner)
	accept := func() net.Conn {
		t.Helper()
		proxy, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = proxy.Close() })
		if _, err := io.WriteString(proxy, "PROXY TCP4 192.0.2.1 192.0.2.100 4711 443\r\n"); err != nil {
			t.Fatal(err)
		}
		conn, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		secured, _, err := a.Credentials(insecure.NewCredentials()).ServerHandshake(conn)
		if err != nil {
			t.Fatal(err)
		}
		return secured
	}
	first, second := accept(), accept()
	from := &peer.Peer{Addr: first.RemoteAddr(), LocalAddr: first.LocalAddr()}
	for _, conn := range []net.Conn{second, second, first} {
		if a.connection(from) == nil {
			t.Error("a connection has no limits")
		}
		if err := conn.Close(); err != nil && conn == first {
			t.Error(err)
		}
	}
	if len(a.connections) != 0 {
		t.Errorf("left: %v", a.connections)
	}
}
