//go:build linux

package attack

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/raced"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// newTLSSite returns a site whose clients need only certificates of an authority.
func newTLSSite(t *testing.T, flags ...string) (*site, *authority) {
	t.Helper()
	s := prepareSite(t)
	ca := newAuthority(t, "the authority")
	keys := t.TempDir()
	cert, key := writePEM(t, keys, "server", ca.server(t))
	clientCA, _ := writePEM(t, keys, "ca", tls.Certificate{Certificate: [][]byte{ca.certificate.Raw}})
	s.healthy = client.Options{TLS: &tls.Config{RootCAs: ca.pool(), Certificates: []tls.Certificate{ca.client(t, "alice", nil)}}}
	s.start(t, append([]string{"--tls-cert", cert, "--tls-key", key, "--client-ca", clientCA, "--anonymous", "write"}, flags...)...)
	return s, ca
}

// asks makes a call with a TLS configuration, and returns an error if the server does not
// accept it.
func (s *site) asks(t *testing.T, config *tls.Config) error {
	t.Helper()
	conn := s.dial(t, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	_, err := transhipv1.NewFileServiceClient(conn).Stat(testContext(t), &transhipv1.StatRequest{Path: "file"})
	return err
}

// TestCertificates makes calls with invalid certificates, and without one.
func TestCertificates(t *testing.T) {
	s, ca := newTLSSite(t)
	other := newAuthority(t, "the authority") // Of the same name.
	for what, certificates := range map[string][]tls.Certificate{
		"none":                      nil,
		"another authority's":       {other.client(t, "alice", nil)},
		"one that it signed itself": {(&authority{certificate: &x509.Certificate{Subject: pkix.Name{CommonName: "alice"}}}).client(t, "alice", nil)},
		"expired": {ca.client(t, "alice", func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
		})},
		"not yet good": {ca.client(t, "alice", func(c *x509.Certificate) {
			c.NotBefore = time.Now().Add(time.Hour)
			c.NotAfter = time.Now().Add(2 * time.Hour)
		})},
		"for servers": {ca.client(t, "alice", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })},
		"signed by a certificate that may not sign": {func() tls.Certificate {
			alice := ca.client(t, "alice", nil)
			a := &authority{certificate: alice.Leaf, key: alice.PrivateKey.(*ecdsa.PrivateKey)}
			signed := a.client(t, "root", nil)
			signed.Certificate = append(signed.Certificate, alice.Certificate...)
			return signed
		}()},
	} {
		err := s.asks(t, &tls.Config{RootCAs: ca.pool(), Certificates: certificates, ServerName: "127.0.0.1"})
		if err == nil {
			t.Errorf("%s: the server accepts it", what)
		}
	}
	// A valid certificate stays valid.
	if err := s.asks(t, s.healthy.TLS); err != nil {
		t.Errorf("a good certificate: %v", err)
	}
	s.unchanged(t)
}

// TestDowngrade connects with older versions of TLS, and without it.
func TestDowngrade(t *testing.T) {
	for what, test := range map[string]struct {
		flags   []string
		allowed uint16
	}{
		"by default": {nil, tls.VersionTLS13},
		"with 1.2":   {[]string{"--tls-min", "1.2"}, tls.VersionTLS12},
	} {
		t.Run(what, func(t *testing.T) {
			s, ca := newTLSSite(t, test.flags...)
			for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13} {
				err := s.asks(t, &tls.Config{
					RootCAs: ca.pool(), Certificates: s.healthy.TLS.Certificates, ServerName: "127.0.0.1",
					MinVersion: version, MaxVersion: version,
				})
				if (err == nil) != (version >= test.allowed) {
					t.Errorf("%s: %v", tls.VersionName(version), err)
				}
			}
			// Without encryption, by a client that continues without a handshake.
			f := s.frames(t)
			err := f.open(1, statMethod, false)
			if err == nil {
				err = f.WriteData(1, true, message([]byte{0x0a, 4, 'f', 'i', 'l', 'e'}))
			}
			if err != nil && !refused(err) {
				t.Error(err)
			}
			answer, _ := io.ReadAll(f.conn)
			if strings.Contains(string(answer), "grpc-status") || strings.Contains(string(answer), "application/grpc") {
				t.Errorf("without encryption, the server answers %q", answer)
			}
			for _, text := range []string{"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\n\r\n", http2.ClientPreface} {
				conn := s.connect(t)
				if _, err := io.WriteString(conn, text); err != nil {
					t.Error(err)
				}
				answer, err := io.ReadAll(conn)
				if len(answer) > 0 && answer[0] != 21 && !strings.HasPrefix(string(answer), "HTTP/1.0 400") { // an alert of TLS
					t.Errorf("%.20q: the server answers %q, %v", text, answer, err)
				}
			}
			s.unchanged(t)
		})
	}
}

// TestStalledHandshakes begins a handshake and does not continue: the server closes each
// connection within ten seconds.
func TestStalledHandshakes(t *testing.T) {
	s, _ := newTLSSite(t)
	s.closes(t, "", "\x16", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
	s.serves(t)
}

// TestHandshakes begins many handshakes and does not continue.
func TestHandshakes(t *testing.T) {
	s, ca := newTLSSite(t)
	begun, _ := s.resident(t)
	// The beginning of a handshake, and noise.
	var conns []net.Conn
	for n := range raced.Times(300) {
		conn := s.connect(t)
		conns = append(conns, conn)
		_, _ = conn.Write([]byte{22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, byte(n)})
	}
	for n := range raced.Times(300) {
		conn := s.connect(t)
		conns = append(conns, conn)
		_, _ = conn.Write([]byte(strings.Repeat(string(rune(n)), 100)))
	}
	if err := s.asks(t, &tls.Config{RootCAs: ca.pool(), Certificates: s.healthy.TLS.Certificates, ServerName: "127.0.0.1"}); err != nil {
		t.Logf("from the attacker's address: %v", err)
	}
	s.serves(t)
	for _, conn := range conns {
		conn.Close()
	}
	s.bounded(t, begun, 128<<20)
}
