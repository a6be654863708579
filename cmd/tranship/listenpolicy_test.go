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
		{"this machine, with --anonymous", loopback, server.ListenPolicy{}, anonymousRead, anonymousRead, ""},
		{"this machine, authenticated", loopback, server.ListenPolicy{Authenticated: true}, "", "", ""},
		{"this machine, authenticated, with --anonymous", loopback, server.ListenPolicy{Authenticated: true}, anonymousRead, anonymousRead, ""},
		{"authenticated", beyond, server.ListenPolicy{Encrypted: true, Authenticated: true}, "", "", ""},
		{"authenticated, with --anonymous", beyond, server.ListenPolicy{Encrypted: true, Authenticated: true}, anonymousRead, anonymousRead, ""},
		{"encrypted, with --anonymous", beyond, server.ListenPolicy{Encrypted: true}, anonymousWrite, anonymousWrite, ""},
		{"insecure, with --anonymous", beyond, server.ListenPolicy{Insecure: true}, anonymousWrite, anonymousWrite, ""},
		{"insecure, authenticated", beyond, server.ListenPolicy{Insecure: true, Authenticated: true}, "", "", ""},

		{"no flags", beyond, server.ListenPolicy{}, "", "", "--insecure"},
		{"plaintext, with --anonymous", beyond, server.ListenPolicy{}, anonymousWrite, "", "--insecure"},
		{"plaintext, authenticated", beyond, server.ListenPolicy{Authenticated: true}, "", "", "--insecure"},
		{"encrypted, not authenticated", beyond, server.ListenPolicy{Encrypted: true}, "", "", "--anonymous"},
		{"insecure, not authenticated", beyond, server.ListenPolicy{Insecure: true}, "", "", "--anonymous"},
		{"insecure, with tokens", beyond, server.ListenPolicy{Insecure: true, Authenticated: true, Tokens: true}, "", "", "in the clear"},
	} {
		got, err := permitListening("listen", ":7", test.address, test.policy, test.anonymous)
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		if test.refused == "" && err != nil || test.refused != "" && (err == nil || !errors.Is(err, usage.Err) || !strings.Contains(err.Error(), test.refused)) {
			t.Errorf("%s: %v, want %q", test.name, err, test.refused)
		}
	}
}
