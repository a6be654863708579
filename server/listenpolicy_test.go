package server

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/tranship/tranship/access/authn"
)

// TestListenPolicy checks where Serve refuses to listen with which Config.
func TestListenPolicy(t *testing.T) {
	beyond := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 7}
	known, anonymous := []authn.Authenticator{authn.Certificates{}}, AnonymousRead
	for _, test := range []struct {
		name    string
		address net.Addr
		config  Config
		want    ListenReason
	}{
		{"loopback", &net.TCPAddr{IP: net.IPv6loopback}, Config{}, 0},
		{"loopback with tokens", &net.TCPAddr{IP: net.IPv4(127, 1, 2, 3)}, Config{Authenticators: known}, 0},
		{"a Unix socket", &net.UnixAddr{Name: "/run/socket", Net: "unix"}, Config{}, 0},
		{"TLS and credentials", beyond, Config{TLS: &tls.Config{}, Authenticators: known}, 0},
		{"TLS and anonymous clients", beyond, Config{TLS: &tls.Config{}, Anonymous: anonymous}, 0},
		{"plaintext as said", beyond, Config{Insecure: true, Anonymous: anonymous}, 0},

		{"the zero value", beyond, Config{}, ListenPlaintext},
		{"the zero value, all addresses", &net.TCPAddr{}, Config{}, ListenPlaintext},
		{"the zero value, another network", &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)}, Config{}, ListenPlaintext},
		{"plaintext and anonymous clients", beyond, Config{Anonymous: anonymous}, ListenPlaintext},
		{"TLS alone", beyond, Config{TLS: &tls.Config{}}, ListenUnauthenticated},
		{"plaintext as said, alone", beyond, Config{Insecure: true}, ListenUnauthenticated},
		{"tokens in plaintext as said", beyond, Config{Insecure: true, Authenticators: known, Anonymous: anonymous}, ListenTokensInClear},
	} {
		err := test.config.listenPolicy().Check(test.address)
		refused, ok := errors.AsType[*ListenError](err)
		if ok != (test.want != 0) || ok && refused.Reason != test.want {
			t.Errorf("%s: %v, want reason %d", test.name, err, test.want)
		}
		if ok && (!strings.Contains(err.Error(), "Config.") || !strings.Contains(err.Error(), test.address.String()) || strings.Contains(err.Error(), "--")) {
			t.Errorf("%s: %q does not name the address and a field", test.name, err)
		}
	}
}
