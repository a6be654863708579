// Package caller names who makes a call, for what is counted for each of them.
package caller

import (
	"context"
	"net"
	"net/netip"

	"google.golang.org/grpc/peer"

	"github.com/tranship/tranship/access"
)

// PeerOf names the peer behind an address: an IPv4 address, an IPv6 network of 64 bits,
// which one customer has, or whatever an address that is neither says.
func PeerOf(address net.Addr) string {
	if address == nil {
		return ""
	}
	var ip netip.Addr
	if tcp, ok := address.(*net.TCPAddr); ok {
		ip = tcp.AddrPort().Addr()
	} else if parsed, err := netip.ParseAddrPort(address.String()); err == nil {
		ip = parsed.Addr()
	} else {
		return address.String()
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	prefix, err := ip.Prefix(64)
	if err != nil {
		return address.String()
	}
	return prefix.String()
}

// Peer is the peer of a call.
func Peer(ctx context.Context) string {
	if p, ok := peer.FromContext(ctx); ok {
		return PeerOf(p.Addr)
	}
	return ""
}

// Name is who makes a call: a principal, or a peer; the two never look alike.
func Name(ctx context.Context) string {
	if p := access.FromContext(ctx); !p.IsAnonymous() {
		return "principal " + p.Name
	}
	return "peer " + Peer(ctx)
}
