// Package caller names callers, for everything that is counted for each of them. It
// knows no transport: it reads the principal and the address that admission has put into
// a call's context.
package caller

import (
	"context"
	"net"
	"net/netip"

	"github.com/tranship/tranship/access"
)

// PeerOf names the peer behind an address: an IPv4 address, an IPv6 network of 64 bits,
// because one customer has a whole one, or the text of an address that is neither.
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

// Name names the caller of a context: "principal " and the principal's name or, if the
// principal is unknown, "peer " and the peer. The two are never the same.
func Name(ctx context.Context) string {
	if p := access.FromContext(ctx); !p.IsAnonymous() {
		return Principal(p.Name)
	}
	return Peer(PeerOf(access.PeerFromContext(ctx)))
}

// Principal names a caller whose principal has a name.
func Principal(name string) string { return "principal " + name }

// Peer names a caller whose principal is unknown by its peer.
func Peer(peer string) string { return "peer " + peer }
