package access_test

import (
	"net"
	"testing"

	"github.com/tranship/tranship/access"
)

func TestPeerFromContext(t *testing.T) {
	if got := access.PeerFromContext(t.Context()); got != nil {
		t.Errorf("without an address the peer is %v, want nil", got)
	}
	address := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4711}
	ctx := access.NewContext(access.NewPeerContext(t.Context(), address), access.Principal{Name: "ann"})
	if got := access.PeerFromContext(ctx); got != address {
		t.Errorf("the peer is %v, want %v", got, address)
	}
}
