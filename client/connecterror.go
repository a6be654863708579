package client

import (
	"fmt"

	"github.com/tranship/tranship"
)

// ConnectHint is a possible reason why a connection failed.
type ConnectHint int

const (
	// HintNone means that no reason is known except the error.
	HintNone ConnectHint = iota
	// HintPlaintext means that the server seems to have no TLS.
	HintPlaintext
	// HintTLS means that the server seems to require TLS.
	HintTLS
	// HintCertificate means that the server seems to require a client certificate.
	HintCertificate
	// HintTLSVersion means that the server does not support the oldest version of TLS
	// that Options.TLS allows.
	HintTLSVersion
)

// text returns the end of an error message with the hint.
func (h ConnectHint) text() string {
	switch h {
	case HintPlaintext:
		return "; perhaps it is a server without TLS, grpc://"
	case HintTLS:
		return "; perhaps it is a server with TLS, grpcs://"
	case HintCertificate:
		return "; perhaps it wants a client certificate"
	case HintTLSVersion:
		return "; it does not speak the least version of TLS that is allowed here"
	}
	return ""
}

// ConnectError is the error of a connection that was not made. It matches
// tranship.ErrUnavailable.
type ConnectError struct {
	// Address is the "host:port" of the server.
	Address string
	// Hint is a possible reason.
	Hint ConnectHint
	// Err is the error of the attempt. It is not nil.
	Err error
}

// Error implements error.
func (e *ConnectError) Error() string {
	return fmt.Sprintf("%v: cannot connect to a gRPC server at %s: %v%s", tranship.ErrUnavailable, e.Address, e.Err, e.Hint.text())
}

// Is implements the matching of tranship.ErrUnavailable.
func (e *ConnectError) Is(target error) bool { return target == tranship.ErrUnavailable }

// Unwrap returns Err.
func (e *ConnectError) Unwrap() error { return e.Err }
