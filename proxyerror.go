package tranship

import "cmp"

// ProxyError means that a proxy, gateway or web server on the way to the server ended a
// call, and that the server's own answer, if there is one, did not arrive. An error that
// contains it matches ErrUnavailable if the call may succeed later.
//
// A client recognizes proxies by their answers. It cannot recognize a proxy that closes
// connections without an answer.
type ProxyError struct {
	// Proxy is the name of the proxy's software, such as "nginx"; "" if the answer does not
	// name it.
	Proxy string
	// Status is the HTTP status of the answer, such as 413; 0 if the answer is a reset of
	// the stream or a status of gRPC.
	Status int
	// Answer describes the answer, such as "HTTP status 413 (Request Entity Too Large)".
	Answer string
	// Advice is what usually causes such an answer, and which settings of the proxy change
	// it.
	Advice string
	// Err is the error of this package that the answer stands for; nil if there is none.
	Err error
}

// Error implements error. The text is one line.
func (e *ProxyError) Error() string {
	text := e.Answer
	if e.Status != 0 {
		text = "not a gRPC server but " + cmp.Or(e.Proxy, "a proxy or web server") + " answered, with " + e.Answer
	}
	if e.Advice != "" {
		text += ": " + e.Advice
	}
	return text
}

// Unwrap returns Err.
func (e *ProxyError) Unwrap() error { return e.Err }
