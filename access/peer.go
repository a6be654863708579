package access

import (
	"context"
	"net"
)

// peerKey is the key of the peer's address in a context.
type peerKey struct{}

// NewPeerContext returns a context for calls from address. A transport must set it for
// each call, before the call is authenticated.
func NewPeerContext(ctx context.Context, address net.Addr) context.Context {
	return context.WithValue(ctx, peerKey{}, address)
}

// PeerFromContext returns the address that NewPeerContext has put into ctx; nil if there
// is none.
func PeerFromContext(ctx context.Context) net.Addr {
	address, _ := ctx.Value(peerKey{}).(net.Addr)
	return address
}
