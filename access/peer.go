package access

import (
	"context"
	"net"
)

// peerKey is the key of the peer's address in a context.
type peerKey struct{}

// NewPeerContext returns a context of calls that come from address. A transport sets it
// for each call, before anything looks for the caller.
func NewPeerContext(ctx context.Context, address net.Addr) context.Context {
	return context.WithValue(ctx, peerKey{}, address)
}

// PeerFromContext returns the address that the calls of ctx come from; nil if it is
// unknown.
func PeerFromContext(ctx context.Context) net.Addr {
	address, _ := ctx.Value(peerKey{}).(net.Addr)
	return address
}
