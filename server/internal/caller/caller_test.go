package caller

import (
	"net"
	"net/netip"
	"testing"

	"github.com/tranship/tranship/access"
)

func TestPeer(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.1:80":              "192.0.2.1",
		"[::ffff:192.0.2.1]:80":     "192.0.2.1",
		"[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::/64",
		"[2001:db8:1:2:ffff::1]:80": "2001:db8:1:2::/64",
		"[fe80::1:2:3:4%eth0]:80":   "fe80::/64",
		"[::1]:80":                  "::/64",
	} {
		if got := PeerOf(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(text))); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
	if got := PeerOf(&net.UnixAddr{Name: "/run/socket"}); got != "/run/socket" {
		t.Error(got)
	}
	if got := PeerOf(nil); got != "" {
		t.Error(got)
	}
}

// A principal is never taken for a peer.
func TestName(t *testing.T) {
	ctx := access.NewPeerContext(t.Context(), net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.1:80")))
	if got := Name(ctx); got != "peer 192.0.2.1" {
		t.Error(got)
	}
	ctx = access.NewContext(ctx, access.Principal{Name: "192.0.2.1"})
	if got := Name(ctx); got != "principal 192.0.2.1" {
		t.Error(got)
	}
	if got := Name(t.Context()); got != "peer " {
		t.Error(got)
	}
}
