package main

import (
	"errors"
	"net"

	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/server"
)

// permitListening returns the address to listen on for gRPC, and sets that for HTTP and what
// clients without credentials may do.
func (f *serveFlags) permitListening() (*net.TCPAddr, error) {
	address, anonymous, err := f.permit("listen", f.listen)
	if err != nil {
		return nil, err
	}
	if f.http.enabled() {
		overHTTP, anonymousOverHTTP, err := f.permit("http", f.http.address)
		if err != nil {
			return nil, err
		}
		f.http.permitted = overHTTP
		if anonymous != anonymousOverHTTP { // other machines can reach one of the two
			anonymous = f.anonymous
		}
	}
	f.anonymous = anonymous
	return address, nil
}

// permit returns the address in the value of a flag, and what clients without credentials may do if
// the server listens only there.
func (f *serveFlags) permit(flag, value string) (*net.TCPAddr, anonymousFlag, error) {
	address, err := listenAddress(flag, value)
	if err != nil {
		return nil, "", usage.AtFlag(flag, err)
	}
	anonymous, err := permitListening(flag, value, address, server.ListenPolicy{
		Encrypted:     f.tls.encrypted(),
		Insecure:      f.insecure,
		Authenticated: f.tls.authenticated() || f.identity.enabled(),
		Tokens:        f.identity.enabled(),
	}, f.anonymous)
	if err != nil {
		return nil, "", usage.AtFlag(flag, err)
	}
	return address, anonymous, nil
}

// permitListening returns what clients without credentials may do: the value of
// --anonymous if it is set; otherwise everything if the server listens on loopback only
// and has no authentication, and nothing in any other case. It returns a usage error for
// an address at which the server must not listen. value is the address as the user gave
// it with flag.
func permitListening(flag, value string, address net.Addr, policy server.ListenPolicy, anonymous anonymousFlag) (anonymousFlag, error) {
	policy.Anonymous = anonymous != ""
	err := policy.Check(address)
	if refused, ok := errors.AsType[*server.ListenError](err); ok {
		return "", listenUsage(flag, value, refused.Reason)
	}
	if err != nil {
		return "", err
	}
	local := server.ListenPolicy{}.Check(address) == nil
	if anonymous == "" && local && !policy.Authenticated {
		return anonymousWrite, nil
	}
	return anonymous, nil
}

// listenAddress resolves the value of a flag.
func listenAddress(flag, value string) (*net.TCPAddr, error) {
	address, err := net.ResolveTCPAddr("tcp", value)
	if err != nil {
		return nil, usage.Errorf("--%s %s: it must be host:port: %v", flag, value, err)
	}
	return address, nil
}

// listenUsage returns the usage error that names the flags which allow what the server
// refuses.
func listenUsage(flag, value string, reason server.ListenReason) error {
	switch reason {
	case server.ListenPlaintext:
		return usage.Errorf("--%s %s: other machines could connect without encryption; pass --tls self-signed, "+
			"or --tls-cert and --tls-key, or --insecure to allow plaintext", flag, value)
	case server.ListenUnauthenticated:
		return usage.Errorf("--%s %s: other machines could connect without authentication; "+
			"pass --tokens, --oidc-issuer or --client-ca, or --anonymous read or --anonymous write to allow it", flag, value)
	default:
		return usage.Errorf("--%s %s: tokens would go over the network in the clear; listen on loopback only, or with TLS", flag, value)
	}
}

// permission returns the value of server.Config.Anonymous for the flag.
func (f anonymousFlag) permission() server.Anonymous {
	switch f {
	case anonymousRead:
		return server.AnonymousRead
	case anonymousWrite:
		return server.AnonymousWrite
	default:
		return server.AnonymousNone
	}
}
