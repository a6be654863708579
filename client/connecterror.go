package client

import (
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client/internal/route"
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
	// HintHTTP means that the server answered in a version of HTTP that gRPC does not use.
	HintHTTP
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
	case HintHTTP:
		return "; perhaps it is a web server, or wants TLS, grpcs://"
	}
	return ""
}

// ConnectError is the error of a connection that was not made. It matches
// tranship.ErrUnavailable.
type ConnectError struct {
	// Address is the "host:port" of the server.
	Address string
	// Proxy is the URL, without credentials, of the proxy that the connection was made
	// through, and the environment variable that names it; "" if it was direct, or if Err
	// is a *TunnelError.
	Proxy string
	// Hint is a possible reason.
	Hint ConnectHint
	// Err is the error of the attempt. It is not nil.
	Err error
}

// Error implements error.
func (e *ConnectError) Error() string {
	through := ""
	if e.Proxy != "" {
		through = " through the proxy " + e.Proxy
	}
	return fmt.Sprintf("%v: cannot connect to a gRPC server at %s%s: %v%s", tranship.ErrUnavailable, e.Address, through, e.Err, e.Hint.text())
}

// Is implements the matching of tranship.ErrUnavailable.
func (e *ConnectError) Is(target error) bool { return target == tranship.ErrUnavailable }

// Unwrap returns Err.
func (e *ConnectError) Unwrap() error { return e.Err }

// TunnelError is the error of a connection that a proxy did not make, or that failed on the
// way to the proxy. A ConnectError wraps it.
type TunnelError = route.TunnelError
