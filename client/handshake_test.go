package client_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/testcert"
)

// issue makes a certificate for crypto/tls.
func issue(t *testing.T, authority testcert.Pair, spec testcert.Spec) tls.Certificate {
	t.Helper()
	pair, err := authority.Issue(spec)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{pair.Certificate.Raw}, PrivateKey: pair.Key}
}

// pool returns a pool with one authority.
func pool(authority testcert.Pair) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(authority.Certificate)
	return pool
}

// serveTLS runs a server without services.
func serveTLS(t *testing.T, config *tls.Config) string {
	t.Helper()
	return loopback.Serve(t, func(grpc.ServiceRegistrar) {}, grpc.Creds(credentials.NewTLS(config)))
}

// TestDialTLSFailures checks the error of each way in which a secure connection can fail,
// and that none of them makes a connection.
func TestDialTLSFailures(t *testing.T) {
	authority, err := testcert.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	other, err := testcert.NewAuthority("other")
	if err != nil {
		t.Fatal(err)
	}
	here := []string{"127.0.0.1"}
	past := time.Now().Add(-time.Minute)
	good := issue(t, authority, testcert.Spec{Hosts: here})
	serve := func(certificate tls.Certificate, change func(*tls.Config)) string {
		config := &tls.Config{Certificates: []tls.Certificate{certificate}}
		if change != nil {
			change(config)
		}
		return serveTLS(t, config)
	}
	mutual := serve(good, func(c *tls.Config) {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, pool(authority)
	})
	mutual12 := serve(good, func(c *tls.Config) {
		c.ClientAuth, c.ClientCAs, c.MaxVersion = tls.RequireAndVerifyClientCert, pool(authority), tls.VersionTLS12
	})
	plain := loopback.Serve(t, func(grpc.ServiceRegistrar) {})
	closing := closingListener(t)
	trusting := &tls.Config{RootCAs: pool(authority)}
	showing := func(certificate tls.Certificate) *tls.Config {
		return &tls.Config{RootCAs: pool(authority), GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &certificate, nil
		}}
	}
	atLeast13 := &tls.Config{RootCAs: pool(authority), MinVersion: tls.VersionTLS13}

	for _, test := range []struct {
		name, address string
		config        *tls.Config
		want          error
		message       string
	}{
		{"good", serve(good, nil), trusting, tranship.ErrUnsupported, "does not serve"},
		{"unknown authority", serve(issue(t, other, testcert.Spec{Hosts: here}), nil), trusting, tranship.ErrUnauthenticated, "unknown authority"},
		{"expired", serve(issue(t, authority, testcert.Spec{Hosts: here, NotAfter: past}), nil), trusting, tranship.ErrUnauthenticated, "expired"},
		{"another host", serve(issue(t, authority, testcert.Spec{Hosts: []string{"127.0.0.2"}}), nil), trusting, tranship.ErrUnauthenticated, "valid for 127.0.0.2, not 127.0.0.1"},
		{"no client certificate", mutual, trusting, tranship.ErrUnauthenticated, "wants a client certificate"},
		{"no client certificate, TLS 1.2", mutual12, trusting, tranship.ErrUnavailable, "perhaps it wants a client certificate"},
		{"a client of another authority", mutual, showing(issue(t, other, testcert.Spec{})), tranship.ErrUnauthenticated, "unknown certificate authority"},
		{"an expired client", mutual, showing(issue(t, authority, testcert.Spec{NotAfter: past})), tranship.ErrUnauthenticated, "expired certificate"},
		{"a good client", mutual, showing(issue(t, authority, testcert.Spec{})), tranship.ErrUnsupported, "does not serve"},
		{"TLS 1.2", mutual12, atLeast13, tranship.ErrUnavailable, "least version of TLS"},
		{"a server of plaintext", plain, trusting, tranship.ErrUnavailable, "perhaps it is a server without TLS"},
		{"a server that closes", closing, trusting, tranship.ErrUnavailable, "perhaps it is a server without TLS"},
		{"a client of plaintext", mutual, nil, tranship.ErrUnavailable, "perhaps it is a server with TLS"},
		{"no server", "127.0.0.1:1", trusting, tranship.ErrUnavailable, "connection refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := client.Dial(t.Context(), test.address, client.Options{TLS: test.config})
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.message) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %v with %q", err, test.want, test.message)
			}
			if test.want == tranship.ErrUnauthenticated && errors.Is(err, tranship.ErrUnavailable) {
				t.Errorf("%v: callers would try again", err)
			}
		})
	}
}

// closingListener closes every connection after the first bytes.
func closingListener(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1))
			conn.Close()
		}
	}()
	return listener.Addr().String()
}

// TestDialReportsRefusal checks that the client reports the reason of a refusal even if the
// server closes the connection while the client is writing.
func TestDialReportsRefusal(t *testing.T) {
	authority, err := testcert.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	address := serveTLS(t, &tls.Config{
		Certificates: []tls.Certificate{issue(t, authority, testcert.Spec{Hosts: []string{"127.0.0.1"}})},
		ClientAuth:   tls.RequireAnyClientCert,
	})
	for range 100 {
		_, err := client.Dial(t.Context(), address, client.Options{TLS: &tls.Config{RootCAs: pool(authority)}})
		if !errors.Is(err, tranship.ErrUnauthenticated) {
			t.Fatalf("error %v", err)
		}
	}
}

// TestDialOwnVerification checks that a verification in Options.TLS decides about the
// server, and that Dial returns its error.
func TestDialOwnVerification(t *testing.T) {
	authority, err := testcert.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	address := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{issue(t, authority, testcert.Spec{})}})
	_, err = client.DialConn(t.Context(), address, client.Options{TLS: &tls.Config{
		InsecureSkipVerify: true,
		VerifyConnection:   func(tls.ConnectionState) error { return &distrustError{} },
	}})
	if _, ok := errors.AsType[*distrustError](err); !ok || !errors.Is(err, tranship.ErrUnauthenticated) {
		t.Errorf("error %v", err)
	}
}

type distrustError struct{}

func (*distrustError) Error() string        { return "distrusted" }
func (*distrustError) Is(target error) bool { return target == tranship.ErrUnauthenticated }
