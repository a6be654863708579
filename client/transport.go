package client

import (
	"fmt"

	"github.com/tranship/tranship"
)

// Transport is what carries uploads and downloads. All other calls use gRPC.
type Transport int

const (
	// TransportAuto uses lanes where the server has them and they can be reached, and gRPC
	// otherwise. It is the zero value.
	TransportAuto Transport = iota
	// TransportLanes uses lanes only. Dial fails if the server has none, or they cannot be
	// reached.
	TransportLanes
	// TransportGRPC uses gRPC only.
	TransportGRPC
)

// String returns "auto", "lanes" or "grpc".
func (t Transport) String() string {
	switch t {
	case TransportAuto:
		return "auto"
	case TransportLanes:
		return "lanes"
	case TransportGRPC:
		return "grpc"
	}
	return fmt.Sprintf("Transport(%d)", int(t))
}

// checkTransport fails if the options name no transport, or one that contradicts others.
func (o Options) checkTransport() error {
	switch {
	case o.Transport < TransportAuto || o.Transport > TransportGRPC:
		return &tranship.InvalidError{Field: "transport", Rule: fmt.Sprintf("%v is not one of TransportAuto, TransportLanes and TransportGRPC", o.Transport)}
	case o.Transport == TransportLanes && len(o.DialOptions) > 0:
		return &tranship.InvalidError{Field: "transport", Rule: "TransportLanes and DialOptions must not both be set: options of gRPC cannot apply to lanes"}
	}
	return nil
}

// LaneError is the error of Dial with TransportLanes for a server whose lanes cannot be used. It
// matches tranship.ErrUnsupported, and trying again does not help.
type LaneError struct {
	// Address is that of the server, "host:port".
	Address string
	// Err is the reason.
	Err error
}

// Error implements error.
func (e *LaneError) Error() string {
	return fmt.Sprintf("the lanes of the server at %s cannot be used: %v", e.Address, e.Err)
}

// Unwrap returns the reason.
func (e *LaneError) Unwrap() error { return e.Err }

// Is makes the error match tranship.ErrUnsupported.
func (e *LaneError) Is(target error) bool { return target == tranship.ErrUnsupported }
