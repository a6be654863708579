// Package origin finds the address of a client whose connections and calls come through
// trusted proxies. It knows two ways in which proxies report it: a header of each call,
// and the PROXY protocol at the beginning of a connection. It knows no transport.
//
// A client can write whatever it likes into a header, and into the first bytes of a
// connection. So they count only if they come from a proxy that is trusted, and of the
// addresses in a header only those that trusted proxies have added.
package origin

import (
	"net"
	"net/netip"
)

// Header is the header in which trusted proxies report the addresses of clients. Only one
// is read, because a proxy passes on the headers that it does not know as the client sent
// them.
type Header int

const (
	// XForwardedFor is "x-forwarded-for". It is the zero value.
	XForwardedFor Header = iota
	// Forwarded is "forwarded", RFC 7239.
	Forwarded
)

// Proxies are the proxies that a server trusts. The zero value trusts none.
type Proxies struct {
	// Trusted are the addresses of the proxies.
	Trusted []netip.Prefix
	// Header is the header that they set.
	Header Header
	// Protocol is true if they begin each connection with a header of the PROXY protocol.
	Protocol bool
}

// Trusts reports whether address is one of a trusted proxy.
func (p Proxies) Trusts(address net.Addr) bool {
	if len(p.Trusted) == 0 {
		return false
	}
	tcp, ok := address.(*net.TCPAddr)
	return ok && p.trusts(tcp.AddrPort().Addr())
}

func (p Proxies) trusts(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	for _, prefix := range p.Trusted {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// HeaderName returns the name, in lower case, of the header that Client needs; "" if it
// needs none.
func (p Proxies) HeaderName() string {
	switch {
	case len(p.Trusted) == 0:
		return ""
	case p.Header == Forwarded:
		return "forwarded"
	default:
		return "x-forwarded-for"
	}
}

// Client returns the address of the client of a call. peer is the address from which the
// call came, and values are those of the header HeaderName, in their order.
//
// If peer is trusted, its header counts: its last address is that of the hop before. If
// that is trusted too, the address before it counts, and so on: the client is the last
// address that is not trusted. If the header ends before, or an address is malformed, the
// last hop that was found is the client. The port is 0 where the header has none.
func (p Proxies) Client(peer net.Addr, values []string) net.Addr {
	if len(values) == 0 || !p.Trusts(peer) {
		return peer
	}
	client := peer
	for i := len(values) - 1; i >= 0; i-- {
		rest, more := values[i], true
		for more {
			var element string
			rest, element, more = p.cutLast(rest)
			hop, ok := p.hop(element)
			if !ok {
				return client
			}
			client = net.TCPAddrFromAddrPort(hop)
			if !p.trusts(hop.Addr()) {
				return client
			}
		}
	}
	return client
}
