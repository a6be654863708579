package server

import (
	"fmt"
	"net"
)

// ListenPolicy decides where a server may listen. Serve applies that of its Config. The
// zero value allows this machine alone.
type ListenPolicy struct {
	// Encrypted says that connections use TLS. Insecure allows plaintext.
	Encrypted, Insecure bool
	// Authenticated says that there are credentials by which a client can be known.
	// Anonymous allows clients without any.
	Authenticated, Anonymous bool
	// Tokens says that credentials may be sent in a header, which plaintext would show
	// to the network.
	Tokens bool
}

// Check returns a *ListenError if a server must not listen at an address. It allows
// loopback addresses and Unix sockets, which other machines cannot reach.
func (p ListenPolicy) Check(address net.Addr) error {
	if isLocal(address) {
		return nil
	}
	switch {
	case !p.Encrypted && !p.Insecure:
		return &ListenError{Address: address.String(), Reason: ListenPlaintext}
	case !p.Authenticated && !p.Anonymous:
		return &ListenError{Address: address.String(), Reason: ListenUnauthenticated}
	case p.Tokens && !p.Encrypted:
		return &ListenError{Address: address.String(), Reason: ListenTokensInClear}
	}
	return nil
}

// isLocal reports whether only this machine can connect to an address.
func isLocal(address net.Addr) bool {
	switch address := address.(type) {
	case *net.TCPAddr:
		return address.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	default:
		return false
	}
}

// ListenError is an address at which a server must not listen.
type ListenError struct {
	Address string
	Reason  ListenReason
}

// ListenReason is why a server must not listen at an address.
type ListenReason int

// The reasons of a ListenError.
const (
	// ListenPlaintext: other machines could connect without encryption. Set Config.TLS,
	// or allow it with Config.Insecure.
	ListenPlaintext ListenReason = iota + 1
	// ListenUnauthenticated: other machines could connect, and the server cannot tell
	// clients apart. Set Config.Authenticators, or allow it with Config.Anonymous.
	ListenUnauthenticated
	// ListenTokensInClear: tokens would cross the network without encryption. Set
	// Config.TLS. Nothing allows this.
	ListenTokensInClear
)

// Error implements error.
func (e *ListenError) Error() string {
	why := "unknown reason"
	switch e.Reason {
	case ListenPlaintext:
		why = "other machines could connect without encryption: set Config.TLS, or allow it with Config.Insecure"
	case ListenUnauthenticated:
		why = "other machines could connect, and clients need no credentials: set Config.Authenticators, or allow it with Config.Anonymous"
	case ListenTokensInClear:
		why = "credentials would cross the network without encryption: set Config.TLS, or listen on a loopback address"
	}
	return fmt.Sprintf("server: must not listen at %s: %s", e.Address, why)
}
