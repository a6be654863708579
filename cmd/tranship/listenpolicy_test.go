package main

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/server"
)

func TestPermitListening(t *testing.T) {
	loopback, beyond := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, &net.TCPAddr{}
	for _, test := range []struct {
		name      string
		address   net.Addr
		policy    server.ListenPolicy
		anonymous anonymousFlag
		want      anonymousFlag
		refused   string
	}{
		{"this machine", loopback, server.ListenPolicy{}, "", anonymousWrite, ""},
		{"this machine, as said", loopback, server.ListenPolicy{}, anonymousRead, anonymousRead, ""},
		{"this machine, with identities", loopback, server.ListenPolicy{Authenticated: true}, "", "", ""},
		{"this machine, with identities and as said", loopback, server.ListenPolicy{Authenticated: true}, anonymousRead, anonymousRead, ""},
		{"all closed", beyond, server.ListenPolicy{Encrypted: true, Authenticated: true}, "", "", ""},
		{"identities and a public", beyond, server.ListenPolicy{Encrypted: true, Authenticated: true}, anonymousRead, anonymousRead, ""},
		{"public", beyond, server.ListenPolicy{Encrypted: true}, anonymousWrite, anonymousWrite, ""},
		{"plaintext as said", beyond, server.ListenPolicy{Insecure: true}, anonymousWrite, anonymousWrite, ""},
		{"plaintext with identities", beyond, server.ListenPolicy{Insecure: true, Authenticated: true}, "", "", ""},

		{"nothing said", beyond, server.ListenPolicy{}, "", "", "--insecure"},
		{"anonymous, but plaintext", beyond, server.ListenPolicy{}, anonymousWrite, "", "--insecure"},
		{"identities, but plaintext", beyond, server.ListenPolicy{Authenticated: true}, "", "", "--insecure"},
		{"encrypted, but anybody", beyond, server.ListenPolicy{Encrypted: true}, "", "", "--anonymous"},
		{"insecure, and anybody", beyond, server.ListenPolicy{Insecure: true}, "", "", "--anonymous"},
		{"insecure, with tokens", beyond, server.ListenPolicy{Insecure: true, Authenticated: true, Tokens: true}, "", "", "in the clear"},
	} {
		got, err := permitListening(":7", test.address, test.policy, test.anonymous)
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		if test.refused == "" && err != nil || test.refused != "" && (err == nil || !errors.Is(err, usage.Err) || !strings.Contains(err.Error(), test.refused)) {
			t.Errorf("%s: %v, want %q", test.name, err, test.refused)
		}
	}
}
