package lanes_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/testing/testcert"
	"github.com/tranship/tranship/internal/tlstransport"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/lanes"
	"github.com/tranship/tranship/server/internal/origin"
	"github.com/tranship/tranship/server/limit"
)

// onLoopback serves a site on a port until the test ends, and returns its address.
func onLoopback(t *testing.T, options admission.Options, transport credentials.TransportCredentials) (*site, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(options, transport)
	s.serve(listener)
	t.Cleanup(func() { s.stop(t) })
	return s, listener.Addr().String()
}

func dialTCP(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// tokens knows one token.
type tokens struct{}

// Authenticate implements authn.Authenticator.
func (tokens) Authenticate(_ context.Context, credentials authn.Credentials) (authn.Identity, error) {
	switch credentials.Token {
	case "t-ann":
		return authn.Identity{Principal: access.Principal{Name: "ann", Source: "token"}}, nil
	case "":
		return authn.Identity{}, authn.ErrNotMine
	}
	return authn.Identity{}, &authn.Refusal{Text: "the token is not valid", Reason: errors.New("it is unknown")}
}

// keys are certificates of tests.
type keys struct {
	server, client, forged tls.Certificate
	pool                   *x509.CertPool
}

func newKeys(t *testing.T) keys {
	t.Helper()
	issue := func(authority testcert.Pair, spec testcert.Spec) tls.Certificate {
		pair, err := authority.Issue(spec)
		if err != nil {
			t.Fatal(err)
		}
		return pair.TLS()
	}
	trusted, err := testcert.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	other, err := testcert.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(trusted.Certificate)
	ben := testcert.Spec{Subject: "ben"}
	return keys{issue(trusted, testcert.Spec{Hosts: []string{"127.0.0.1"}}), issue(trusted, ben), issue(other, ben), pool}
}

// transport returns the server's credentials, with the configuration that config chooses.
func (k keys) transport(change func(*tls.Config) *tls.Config) credentials.TransportCredentials {
	config := &tls.Config{Certificates: []tls.Certificate{k.server}, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: k.pool}
	return tlstransport.New(lanes.TLS(change(config)))
}

// handshake makes a handshake with a server, and offers protocols.
func (k keys) handshake(t *testing.T, address string, certificate *tls.Certificate, protocols ...string) (*tls.Conn, error) {
	t.Helper()
	config := &tls.Config{RootCAs: k.pool, ServerName: "127.0.0.1", NextProtos: protocols}
	if certificate != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	conn := tls.Client(dialTCP(t, address), config)
	return conn, conn.HandshakeContext(t.Context())
}

// A call is made by the principal of its token or of the connection's certificate, as over gRPC.
// A lane whose call is not authenticated is closed.
func TestIdentity(t *testing.T) {
	k := newKeys(t)
	var log auditLog
	_, address := onLoopback(t, admission.Options{Authenticators: []authn.Authenticator{tokens{}, authn.Certificates{}}, Audit: &log},
		k.transport(func(config *tls.Config) *tls.Config { return config }))
	for name, test := range map[string]struct {
		certificate *tls.Certificate
		token       string
		want        string
		code        codes.Code
	}{
		"a token":                   {nil, "Bearer t-ann", "token/ann at 127.0.0.1:", codes.OK},
		"a certificate":             {&k.client, "", "certificate/cert:ben at 127.0.0.1:", codes.OK},
		"both":                      {&k.client, "Bearer t-ann", "token/ann at 127.0.0.1:", codes.OK},
		"nothing":                   {nil, "", "", codes.Unauthenticated},
		"a bad token":               {nil, "Bearer t-eve", "", codes.Unauthenticated},
		"a bad token, certificate":  {&k.client, "Bearer t-eve", "", codes.Unauthenticated},
		"something else than token": {nil, "Basic dDp0", "", codes.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := k.handshake(t, address, test.certificate, lane.Protocol)
			if err != nil || conn.ConnectionState().NegotiatedProtocol != lane.Protocol {
				t.Fatal(err)
			}
			l := laneOver(t, conn)
			headers := lane.Headers{Method: "/Test/echo"}
			if test.token != "" {
				headers.Metadata = metadata.Pairs("authorization", test.token)
			}
			c := open(t.Context(), t, l, headers)
			if got, err := c.exchange(); !strings.HasPrefix(got, test.want) || status.Code(err) != test.code {
				t.Errorf("called by %q, %v", got, err)
			}
			if test.code != codes.OK {
				<-l.Lost()
				return
			}
			if err := c.end(); err != nil || !<-c.free {
				t.Error(err)
			}
		})
	}
	if !log.has("refused 127.0.0.1:") || !log.has("the token is not valid") || !log.has("this server wants to know who makes a call") {
		t.Errorf("the audit log has %q", log.lines)
	}
	// A certificate that the server does not trust is refused in the handshake.
	conn, err := k.handshake(t, address, &k.forged, lane.Protocol)
	if err == nil {
		_, err = conn.Read(make([]byte, 1))
	}
	if err == nil {
		t.Error("a forged certificate was accepted")
	}
}

// The server agrees to lanes by ALPN, also with a configuration for each client, and a client
// that has agreed must use one.
func TestProtocols(t *testing.T) {
	k := newKeys(t)
	for name, change := range map[string]func(*tls.Config) *tls.Config{
		"one configuration": func(config *tls.Config) *tls.Config { return config },
		"one for each client": func(config *tls.Config) *tls.Config {
			config.NextProtos = []string{"h2"}
			return &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return config, nil }}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log auditLog
			_, address := onLoopback(t, admission.Options{Anonymous: true, Audit: &log}, k.transport(change))
			for _, test := range []struct {
				offered []string
				want    string
			}{
				{[]string{"h2"}, "h2"},
				{[]string{"http/1.1", "h2"}, "h2"},
				{[]string{lane.Protocol}, lane.Protocol},
				{[]string{"http/1.1"}, ""},
				{[]string{"other"}, ""},
			} {
				conn, err := k.handshake(t, address, nil, test.offered...)
				if test.want == "" && err == nil { // grpc-go closes the connection
					_, err = conn.Read(make([]byte, 1))
				}
				if got := conn.ConnectionState().NegotiatedProtocol; got != test.want || (err != nil) != (test.want == "") {
					t.Errorf("of %v the server chose %q, %v", test.offered, got, err)
				}
			}
			conn, err := k.handshake(t, address, nil, lane.Protocol)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			if n, err := conn.Read(make([]byte, 100)); n != 0 || err == nil {
				t.Errorf("HTTP/2 on a lane: %d bytes, %v", n, err)
			}
			if !log.has("the client has agreed to tranship/1, and has not sent its preface") {
				t.Errorf("the audit log has %q", log.lines)
			}
		})
	}
}

// A call counts for the client that a trusted proxy reports, in the header of a call or of the
// connection.
func TestProxies(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	const header = "PROXY TCP4 192.0.2.1 192.0.2.100 4711 443\r\n"
	for name, test := range map[string]struct {
		proxies   origin.Proxies
		beginning string
		forwarded string
		want      string
	}{
		"a header of the call":       {origin.Proxies{Trusted: trusted}, "", "198.51.100.7, 192.0.2.1", "192.0.2.1:0"},
		"a header of the connection": {origin.Proxies{Trusted: trusted, Protocol: true}, header, "198.51.100.7", "192.0.2.1:4711"},
		"a header of a stranger":     {origin.Proxies{}, "", "192.0.2.1", "127.0.0.1:"},
	} {
		t.Run(name, func(t *testing.T) {
			_, address := onLoopback(t, admission.Options{
				Anonymous: true, Proxies: test.proxies, Limits: limit.Options{ConnectionsPerPeer: 1},
			}, insecure.NewCredentials())
			conn := dialTCP(t, address)
			if _, err := io.WriteString(conn, test.beginning); err != nil {
				t.Fatal(err)
			}
			c := open(t.Context(), t, laneOver(t, conn), lane.Headers{Method: "/Test/echo", Metadata: metadata.Pairs("x-forwarded-for", test.forwarded)})
			if got, err := c.exchange(); !strings.HasPrefix(got, "/ at "+test.want) || err != nil {
				t.Errorf("called by %q, %v", got, err)
			}
			if test.beginning == "" {
				return
			}
			// The connection counts for its client.
			second := dialTCP(t, address)
			if _, err := io.WriteString(second, strings.Replace(test.beginning, "4711", "4712", 1)+lane.Preface); err != nil {
				t.Fatal(err)
			}
			if n, err := second.Read(make([]byte, 1)); n != 0 || err == nil {
				t.Errorf("a second connection of a client: %d bytes, %v", n, err)
			}
		})
	}
}
