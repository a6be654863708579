package server

import (
	"net/netip"

	"github.com/tranship/tranship/server/internal/origin"
)

// Proxies are proxies that a server trusts to report the addresses of their clients.
type Proxies struct {
	// Trusted are the addresses of the proxies. A prefix of IPv4 addresses that are mapped to
	// IPv6 stands for the IPv4 addresses. Every machine at these addresses can claim
	// any address for its calls, so that limits of peers do not bind it. The connections
	// of a trusted proxy have no Limits.ConnectionsPerPeer and FramesPerSecond, unless the
	// PROXY protocol reports their clients.
	Trusted []netip.Prefix
	// Header is the header that the proxies set on each call. They must replace, or add
	// to, what their clients send in it. A call without the header counts for the proxy.
	Header ProxyHeader
	// ProxyProtocol means that the proxies begin each connection with a header of the
	// PROXY protocol, version 1 or 2. Serve refuses connections of trusted addresses
	// without one. Mount ignores ProxyProtocol: the program has its own listener.
	ProxyProtocol bool
}

// ProxyHeader is a header in which proxies report the addresses of clients. A server reads
// one only: a proxy passes on the other as the client sent it.
type ProxyHeader int

// The headers in which proxies report the addresses of clients.
const (
	// XForwardedFor is X-Forwarded-For. It is the zero value.
	XForwardedFor ProxyHeader = iota
	// Forwarded is Forwarded, RFC 7239.
	Forwarded
)

// mappedBits is the length of ::ffff:0:0/96, the prefix of mapped addresses.
const mappedBits = 96

// origin returns the proxies as admission knows them.
func (p Proxies) origin() origin.Proxies {
	header := origin.XForwardedFor
	if p.Header == Forwarded {
		header = origin.Forwarded
	}
	trusted := make([]netip.Prefix, 0, len(p.Trusted))
	for _, prefix := range p.Trusted {
		if mapped := prefix.Bits() - mappedBits; prefix.Addr().Is4In6() && mapped >= 0 {
			prefix = netip.PrefixFrom(prefix.Addr().Unmap(), mapped)
		}
		trusted = append(trusted, prefix)
	}
	return origin.Proxies{Trusted: trusted, Header: header, Protocol: p.ProxyProtocol}
}
