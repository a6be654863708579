package observation

import "context"

// transportKey is the key of the transport in a context.
type transportKey struct{}

// NewTransportContext returns a context for calls that a transport carries:
// tranship.TransportGRPC or tranship.TransportLanes.
func NewTransportContext(ctx context.Context, transport string) context.Context {
	return context.WithValue(ctx, transportKey{}, transport)
}

// Transport returns what NewTransportContext has put into ctx; "" if there is nothing.
func Transport(ctx context.Context) string {
	transport, _ := ctx.Value(transportKey{}).(string)
	return transport
}
