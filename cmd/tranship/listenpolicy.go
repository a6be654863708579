package main

import (
	"errors"
	"net"

	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/server"
)

// permitListening returns what clients without credentials may do: what --anonymous
// says; otherwise everything on this machine alone, if clients cannot be told apart, and
// nothing if they can. An address at which the server must not listen is a usage error;
// listen is the address as the user gave it.
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

// listenUsage says which flags allow what the server refuses.
func listenUsage(listen string, reason server.ListenReason) error {
	switch reason {
	case server.ListenPlaintext:
		return usage.Errorf("--listen %s: other machines could connect, without encryption; give the server --tls self-signed, "+
			"or --tls-cert and --tls-key, or say --insecure if plaintext is meant", listen)
	case server.ListenUnauthenticated:
		return usage.Errorf("--listen %s: anybody could connect from other machines, and nobody has to say who they are; "+
			"give the server --tokens, --oidc-issuer or --client-ca, or say --anonymous read or --anonymous write if that is meant", listen)
	default:
		return usage.Errorf("--listen %s: credentials would go over the network in the clear: listen on this machine only, or with TLS", listen)
	}
}

// permission is what the flag says as a Config does.
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
