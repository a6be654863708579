package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/internal/testing/program"
)

// serveSelfSigned serves with TLS; it returns a pool with the server's certificate, and its
// address.
func serveSelfSigned(t *testing.T, args ...string) (*x509.CertPool, string) {
	t.Helper()
	_, root, address := serveFor(t.Context(), t, append([]string{"--tls", "self-signed"}, args...)...)
	content, err := os.ReadFile(filepath.Join(root, ".tranship", "tls", "certificate.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		t.Fatal("no certificate")
	}
	return pool, address
}

// checkHealth makes a call with one version of TLS.
func checkHealth(ctx context.Context, address string, pool *x509.CertPool, version uint16) error {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
		RootCAs: pool, MinVersion: version, MaxVersion: version,
	})))
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{})
	return err
}

// A client cannot negotiate a version that the server does not allow.
func TestServeTLSVersions(t *testing.T) {
	for _, test := range []struct {
		args    []string
		allowed map[uint16]bool
	}{
		{nil, map[uint16]bool{tls.VersionTLS13: true}},
		{[]string{"--tls-min", "1.3"}, map[uint16]bool{tls.VersionTLS13: true}},
		{[]string{"--tls-min", "1.2"}, map[uint16]bool{tls.VersionTLS13: true, tls.VersionTLS12: true}},
	} {
		pool, address := serveSelfSigned(t, test.args...)
		for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13} {
			err := checkHealth(t.Context(), address, pool, version)
			if (err == nil) != test.allowed[version] {
				t.Errorf("%q, %s: %v", test.args, tls.VersionName(version), err)
			}
		}
	}
}

// TLS sessions are resumed, which saves the server a signature.
func TestServeTLSResumes(t *testing.T) {
	pool, address := serveSelfSigned(t)
	config := &tls.Config{RootCAs: pool, NextProtos: []string{"h2"}, ServerName: "localhost", ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	for i := range 2 {
		conn, err := tls.Dial("tcp", address, config)
		if err != nil {
			t.Fatal(err)
		}
		// The ticket arrives with the first bytes of the server.
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if state := conn.ConnectionState(); state.DidResume != (i == 1) || state.NegotiatedProtocol != "h2" {
			t.Errorf("connection %d: resumed %v, %q", i, state.DidResume, state.NegotiatedProtocol)
		}
		conn.Close()
	}
}

// A plaintext client of a TLS port fails and gets nothing.
func TestServeTLSRefusesPlaintext(t *testing.T) {
	_, address := serveSelfSigned(t)
	c := start(t.Context(), nil, "ls", "grpc://"+address+"/")
	if code := <-c.code; code != console.ExitFailed || c.out.Len() > 0 || strings.Count(c.err.String(), "\n") != 1 {
		t.Errorf("exit code %d: %s", code, c.err.String())
	}
}

// A server whose key was lost does not start with another one, unless the directory of the
// key was removed, too.
func TestServeTLSKeyLost(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	c, root, _ := serveFor(ctx, t, "--tls", "self-signed")
	stop()
	<-c.code
	dir := filepath.Join(root, ".tranship", "tls")
	serve := []string{"serve", "--root", root, "--tls", "self-signed", "--listen", "127.0.0.1:0"}
	for _, name := range []string{"key.pem", "certificate.pem"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		fails(t, console.ExitNotFound, []string{"key.pem", "put it back, or remove " + dir}, serve...)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("%d files were made: %v", len(entries), err)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	ready := filepath.Join(t.TempDir(), "ready")
	ctx, stop = context.WithCancel(t.Context())
	defer stop()
	again := start(ctx, nil, append(serve, "--ready-file", ready)...)
	if _, err := program.Ready(nil, ready); err != nil {
		t.Errorf("the server does not start with a new key: %v", err)
	}
	stop()
	<-again.code
}
