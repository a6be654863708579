package main

import (
	"errors"
	"net"

	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/server"
)

// permitListening returns the address to listen on, and sets what clients without credentials
// may do.
func (f *serveFlags) permitListening() (*net.TCPAddr, error) {
	address, err := listenAddress(f.listen)
	if err != nil {
		return nil, usage.AtFlag("listen", err)
	}
	f.anonymous, err = permitListening(f.listen, address, server.ListenPolicy{
		Encrypted:     f.tls.encrypted(),
		Insecure:      f.insecure,
		Authenticated: f.tls.authenticated() || f.identity.enabled(),
		Tokens:        f.identity.enabled(),
	}, f.anonymous)
	if err != nil {
		return nil, usage.AtFlag("listen", err)
	}
	return address, nil
}

// permitListening returns what clients without credentials may do: the value of
// --anonymous if it is set; otherwise everything if the server listens on loopback only
// and has no authentication, and nothing in any other case. It returns a usage error for
// an address at which the server must not listen. listen is the address as the user gave
// it.
func permitListening(listen string, address net.Addr, policy server.ListenPolicy, anonymous anonymousFlag) (anonymousFlag, error) {
	policy.Anonymous = anonymous != ""
	err := policy.Check(address)
	if refused, ok := errors.AsType[*server.ListenError](err); ok {
		return "", listenUsage(listen, refused.Reason)
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

// listenAddress resolves the value of --listen.
func listenAddress(listen string) (*net.TCPAddr, error) {
	address, err := net.ResolveTCPAddr("tcp", listen)
	if err != nil {
		return nil, usage.Errorf("--listen %s: it must be host:port: %v", listen, err)
	}
	return address, nil
}

// listenUsage returns the usage error that names the flags which allow what the server
// refuses.
func listenUsage(listen string, reason server.ListenReason) error {
	switch reason {
	case server.ListenPlaintext:
		return usage.Errorf("--listen %s: other machines could connect without encryption; pass --tls self-signed, "+
			"or --tls-cert and --tls-key, or --insecure to allow plaintext", listen)
	case server.ListenUnauthenticated:
		return usage.Errorf("--listen %s: other machines could connect without authentication; "+
			"pass --tokens, --oidc-issuer or --client-ca, or --anonymous read or --anonymous write to allow it", listen)
	default:
		return usage.Errorf("--listen %s: tokens would go over the network in the clear; listen on loopback only, or with TLS", listen)
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
