package tlstransport_test

import (
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"testing"

	"google.golang.org/grpc/credentials"

	"github.com/tranship/tranship/internal/testing/testcert"
	"github.com/tranship/tranship/internal/tlstransport"
)

// TestClientOfOneProtocol makes handshakes with servers that have the protocol, another one, and
// none.
func TestClientOfOneProtocol(t *testing.T) {
	pair, err := testcert.SelfSigned(testcert.Spec{Hosts: []string{"files.test"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		protocols []string
		want      bool
	}{
		"the protocol": {[]string{"h2", "other/1"}, true},
		"another":      {[]string{"h2"}, false},
		"none":         {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			defer near.Close()
			var offered []string
			server := tls.Server(far, &tls.Config{
				Certificates: []tls.Certificate{pair.TLS()}, NextProtos: test.protocols, MinVersion: tls.VersionTLS13,
				VerifyConnection: func(state tls.ConnectionState) error {
					if state.ServerName != "files.test" {
						t.Errorf("the client has asked for %q", state.ServerName)
					}
					return nil
				},
				GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
					offered = hello.SupportedProtos
					return nil, nil
				},
			})
			done := make(chan struct{})
			go func() {
				defer close(done)
				_ = server.Handshake()
				_ = far.Close()
			}()
			config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}
			_, info, err := tlstransport.NewClient(config, "other/1").ClientHandshake(t.Context(), "files.test:443", near)
			<-done
			if !slices.Equal(offered, []string{"other/1"}) {
				t.Errorf("the client offers %q", offered)
			}
			if !test.want {
				if err == nil || test.protocols == nil && !errors.Is(err, tlstransport.ErrProtocol) {
					t.Errorf("the handshake ends with %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if credentials.CheckSecurityLevel(info, credentials.PrivacyAndIntegrity) != nil {
				t.Error("the connection does not count as encrypted")
			}
		})
	}
}
