package client_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/internal/testing/testcert"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// gate is a server that accepts one token, or certificate, at a time, and a client that has
// one.
type gate struct {
	*testing.T
	store *mem.Store
	files *client.Client
	// good is what the server accepts; has is what the client presents.
	good, has atomic.Pointer[string]
	// early is how often the server still refuses the new credentials.
	early atomic.Int64
	// refused gets an element for each refused call.
	refused chan string
}

// Authenticate implements authn.Authenticator.
func (g *gate) Authenticate(_ context.Context, brought authn.Credentials) (authn.Identity, error) {
	shown := brought.Token
	if brought.TLS != nil {
		shown = brought.TLS.PeerCertificates[0].Subject.CommonName
	}
	if shown != *g.good.Load() || shown == "new" && g.early.Add(-1) >= 0 {
		g.refused <- shown
		return authn.Identity{}, &authn.Refusal{Text: "the token has expired"}
	}
	return authn.Identity{Principal: access.Principal{Name: "alice"}}, nil
}

// newTokenGate returns a gate for tokens.
func newTokenGate(t *testing.T, transport client.Transport) *gate {
	g := prepareGate(t)
	address := g.serve(transport, nil)
	g.dial(address, client.Options{Transport: transport, Token: func(context.Context) (string, error) { return *g.has.Load(), nil }})
	return g
}

// newCertificateGate returns a gate for certificates.
func newCertificateGate(t *testing.T, transport client.Transport) *gate {
	g := prepareGate(t)
	authority, err := testcert.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	issue := func(spec testcert.Spec) *tls.Certificate {
		pair, err := authority.Issue(spec)
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Certificate{Certificate: [][]byte{pair.Certificate.Raw}, PrivateKey: pair.Key}
	}
	clients := map[string]*tls.Certificate{}
	for _, name := range []string{"old", "new"} {
		clients[name] = issue(testcert.Spec{Subject: name})
	}
	pool := x509.NewCertPool()
	pool.AddCert(authority.Certificate)
	address := g.serve(transport, &tls.Config{
		Certificates: []tls.Certificate{*issue(testcert.Spec{Hosts: []string{"127.0.0.1"}})},
		ClientCAs:    pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13,
	})
	g.dial(address, client.Options{Transport: transport, TLS: &tls.Config{
		RootCAs: pool, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS13,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return clients[*g.has.Load()], nil },
	}})
	return g
}

// serve starts the server. It checks the credentials of calls in progress every millisecond.
func (g *gate) serve(transport client.Transport, secured *tls.Config) string {
	config := server.Config{Authenticators: []authn.Authenticator{g}, Recheck: time.Millisecond, TLS: secured}
	if transport == client.TransportLanes {
		return storeserver.Serve(g.T, leavingOut{g.store}, config)
	}
	options := server.GRPCOptions(config)
	if secured != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(secured)))
	}
	return storeserver.Mount(g.T, leavingOut{g.store}, config, options...)
}

// put puts a file into the store.
func (g *gate) put(path string, data []byte) {
	g.Helper()
	if _, err := g.store.Put(g.Context(), tranship.Spec{Path: path}, data); err != nil {
		g.Fatal(err)
	}
}

// putLarge puts a file that is larger than the flow-control windows.
func (g *gate) putLarge() []byte {
	g.Helper()
	data := bytes.Repeat([]byte("0123456789abcdef"), 2<<20)
	upload, err := g.store.Begin(g.Context(), tranship.Spec{Path: "large"})
	if err != nil {
		g.Fatal(err)
	}
	for n := int64(0); n*upload.PartSize() < int64(len(data)); n++ {
		part, err := upload.Part(g.Context(), int(n))
		if err == nil {
			_, err = part.Write(data[n*upload.PartSize() : min((n+1)*upload.PartSize(), int64(len(data)))])
		}
		if err == nil {
			err = part.Close()
		}
		if err != nil {
			g.Fatal(err)
		}
	}
	if _, err := upload.Commit(g.Context(), tranship.Commit{Size: int64(len(data))}); err != nil {
		g.Fatal(err)
	}
	return data
}

// renew gives the client new credentials.
func (g *gate) renew() { g.has.Store(new("new")) }

// expire ends the old credentials, and waits until they have ended a stream.
func (g *gate) expire() {
	g.Helper()
	g.good.Store(new("new"))
	g.awaitRefusal()
}

// syncUntilItFails waits until the server has ended the stream of an upload.
func (g *gate) syncUntilItFails(upload tranship.Upload) error {
	g.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if err := upload.Sync(g.Context()); err != nil {
			return err
		}
	}
	g.Fatal("the stream has not ended")
	return nil
}

// onGates runs a test with tokens and with certificates, over each transport.
func onGates(t *testing.T, test func(g *gate)) {
	overTransports(t, func(t *testing.T, options client.Options) {
		t.Run("token", func(t *testing.T) { test(newTokenGate(t, options.Transport)) })
		t.Run("certificate", func(t *testing.T) { test(newCertificateGate(t, options.Transport)) })
	})
}

func (g *gate) dial(address string, options client.Options) {
	g.Helper()
	var err error
	if g.files, err = client.Dial(g.Context(), address, options); err != nil {
		g.Fatal(err)
	}
	g.Cleanup(func() { g.files.Close() })
}

func prepareGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{T: t, store: &mem.Store{}, refused: make(chan string, 1000)}
	g.good.Store(new("old"))
	g.has.Store(new("old"))
	return g
}

func (g *gate) awaitRefusal() {
	g.Helper()
	select {
	case <-g.refused:
	case <-time.After(time.Minute):
		g.Fatal("nothing was refused")
	}
}
