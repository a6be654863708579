package client_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
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

// gate is a server that lets one token, or certificate, in at a time, and a client with
// one.
type gate struct {
	*testing.T
	store *mem.Store
	files *client.Client
	// good is what the server lets in; has what the client has.
	good, has atomic.Pointer[string]
	// early is how often the new ones are still refused.
	early atomic.Int64
	// refused has an element for each call that was refused.
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

// newTokenGate is a gate for tokens.
func newTokenGate(t *testing.T) *gate {
	g := prepareGate(t)
	address := g.serve()
	g.dial(address, client.Options{Token: func(context.Context) (string, error) { return *g.has.Load(), nil }})
	return g
}

// newCertificateGate is a gate for certificates.
func newCertificateGate(t *testing.T) *gate {
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
	address := g.serve(grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{*issue(testcert.Spec{Hosts: []string{"127.0.0.1"}})},
		ClientCAs:    pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13,
	})))
	g.dial(address, client.Options{TLS: &tls.Config{
		RootCAs: pool, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS13,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return clients[*g.has.Load()], nil },
	}})
	return g
}

func prepareGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{T: t, store: &mem.Store{}, refused: make(chan string, 1000)}
	g.good.Store(new("old"))
	g.has.Store(new("old"))
	return g
}

// serve serves what the gate lets in, and checks credentials again all the time.
func (g *gate) serve(options ...grpc.ServerOption) string {
	config := server.Config{Authenticators: []authn.Authenticator{g}, Recheck: time.Millisecond}
	return storeserver.Mount(g.T, leavingOut{g.store}, config, append(server.GRPCOptions(config), options...)...)
}

func (g *gate) dial(address string, options client.Options) {
	g.Helper()
	var err error
	if g.files, err = client.Dial(g.Context(), address, options); err != nil {
		g.Fatal(err)
	}
	g.Cleanup(func() { g.files.Close() })
}

// put puts a file into the store.
func (g *gate) put(path string, data []byte) {
	g.Helper()
	if _, err := g.store.Put(g.Context(), tranship.Spec{Path: path}, data); err != nil {
		g.Fatal(err)
	}
}

// putLarge puts a file there of a size that no window holds.
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

// renew gives the client other credentials.
func (g *gate) renew() { g.has.Store(new("new")) }

// expire ends the old credentials, and waits until a stream has ended with them.
func (g *gate) expire() {
	g.Helper()
	g.good.Store(new("new"))
	g.awaitRefusal()
}

func (g *gate) awaitRefusal() {
	g.Helper()
	select {
	case <-g.refused:
	case <-time.After(time.Minute):
		g.Fatal("nothing was refused")
	}
}

// syncUntilItFails waits for the end of an upload's stream, which has been decided on.
func (g *gate) syncUntilItFails(upload tranship.Upload) error {
	g.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if err := upload.Sync(g.Context()); err != nil {
			return err
		}
	}
	g.Fatal("the stream goes on")
	return nil
}

// onGates runs a test with tokens and with certificates.
func onGates(t *testing.T, test func(g *gate)) {
	t.Run("token", func(t *testing.T) { test(newTokenGate(t)) })
	t.Run("certificate", func(t *testing.T) { test(newCertificateGate(t)) })
}

// A download goes on where it was, and is still verified as a whole.
func TestRenewedDownload(t *testing.T) {
	onGates(t, func(g *gate) {
		want := g.putLarge()
		content, err := g.files.Open(g.Context(), "large", tranship.OpenOptions{})
		if err != nil {
			g.Fatal(err)
		}
		defer content.Close()
		got := make([]byte, 1<<20)
		if _, err := io.ReadFull(content, got); err != nil {
			g.Fatal(err)
		}
		g.renew()
		g.expire()
		rest, err := io.ReadAll(content)
		if err != nil || !bytes.Equal(append(got, rest...), want) {
			g.Errorf("%d of %d bytes, %v", len(got)+len(rest), len(want), err)
		}
	})
}

// So does a list.
func TestRenewedList(t *testing.T) {
	onGates(t, func(g *gate) {
		segment := strings.Repeat("d", 250)
		directory := strings.Join([]string{segment, segment, segment}, "/")
		const count = 8000
		for n := range count {
			g.put(fmt.Sprintf("%s/%0200d", directory, n), nil)
		}
		n := 0
		for entry, err := range g.files.List(g.Context(), tranship.ListOptions{Recursive: true}) {
			if err != nil {
				g.Fatalf("after %d: %v", n, err)
			}
			if want := fmt.Sprintf("%s/%0200d", directory, n); entry.Path != want {
				g.Fatalf("entry %d is %s", n, entry.Path)
			}
			if n == 0 {
				g.renew()
				g.expire()
			}
			n++
		}
		if n != count {
			g.Errorf("%d of %d entries", n, count)
		}
	})
}

// leavingOut is a store whose lists, where that is asked for, report something left out
// after each file.
type leavingOut struct{ *mem.Store }

// List implements tranship.Reader.
func (s leavingOut) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	if !options.ReportSkipped {
		return s.Store.List(ctx, options)
	}
	return func(yield func(tranship.Entry, error) bool) {
		after := options.StartAfter
		options.StartAfter = ""
		for entry, err := range s.Store.List(ctx, options) {
			left := &tranship.SkippedError{Path: entry.Path + "~", Err: tranship.ErrUnsupported}
			if err == nil && entry.Key() <= after && left.Key() <= after {
				continue
			}
			if entry.Key() > after && !yield(entry, err) || err != nil || !yield(tranship.Entry{}, left) {
				return
			}
		}
	}
}

// A list that goes on has neither an entry nor what it leaves out twice, whichever of them
// was the last before.
func TestRenewedListLeavesOut(t *testing.T) {
	onGates(t, func(g *gate) {
		const count = 8000
		var want []string
		name := strings.Repeat("n", 200)
		for n := range count {
			path := fmt.Sprintf("%s%d", name, 10_000+n)
			g.put(path, nil)
			want = append(want, path, path+"~")
		}
		var got []string
		for entry, err := range g.files.List(g.Context(), tranship.ListOptions{ReportSkipped: true}) {
			if skipped, ok := errors.AsType[*tranship.SkippedError](err); ok {
				got = append(got, skipped.Key())
			} else if err != nil {
				g.Fatalf("after %d: %v", len(got), err)
			} else {
				got = append(got, entry.Key())
			}
			if len(got) == 1 {
				g.renew()
				g.expire()
			}
		}
		if !slices.Equal(got, want) {
			g.Errorf("the list has %d items, want %d", len(got), len(want))
		}
	})
}

// Of an upload, what was stored stays, and it can be resumed.
func TestRenewedUpload(t *testing.T) {
	onGates(t, func(g *gate) {
		spec := tranship.Spec{Path: "up", Size: new(int64(4 << 20)), ResumeKey: "key"}
		upload, err := g.files.Begin(g.Context(), spec)
		if err != nil {
			g.Fatal(err)
		}
		part, err := upload.Part(g.Context(), 0)
		if err == nil {
			_, err = part.Write(make([]byte, upload.PartSize()))
		}
		if err == nil {
			err = errors.Join(part.Close(), upload.Sync(g.Context()))
		}
		if err != nil {
			g.Fatal(err)
		}
		g.renew()
		g.expire()
		if err := g.syncUntilItFails(upload); !errors.Is(err, tranship.ErrUnavailable) || errors.Is(err, tranship.ErrUnauthenticated) {
			g.Errorf("a stream that ended with its credentials: %v", err)
		}
		_ = upload.Detach(g.Context())
		if upload, err = g.files.Begin(g.Context(), spec); err != nil {
			g.Fatal(err)
		}
		if len(upload.Durable()) != 1 {
			g.Errorf("there are %d parts", len(upload.Durable()))
		}
		if err := upload.Abort(g.Context()); err != nil {
			g.Error(err)
		}
	})
}

// Small files share streams; those that come after go over another. What was under way
// when a stream ended is tried again by its caller.
func TestRenewedSmall(t *testing.T) {
	onGates(t, func(g *gate) {
		g.put("small", []byte("s"))
		both := []func() error{
			func() error {
				_, err := g.files.Put(g.Context(), tranship.Spec{Path: "put"}, nil)
				return err
			},
			func() error {
				_, _, err := g.files.Fetch(g.Context(), "small", 1)
				return err
			},
		}
		for _, do := range both {
			if err := do(); err != nil {
				g.Fatal(err)
			}
		}
		g.renew()
		g.expire()
		for _, do := range both {
			for deadline := time.Now().Add(time.Minute); ; {
				err := do()
				if err == nil {
					break
				}
				if !errors.Is(err, tranship.ErrUnavailable) || time.Now().After(deadline) {
					g.Fatal(err)
				}
			}
		}
	})
}

// A unary call that was refused is made once more.
func TestRenewedUnary(t *testing.T) {
	t.Run("certificate", func(t *testing.T) {
		g := newCertificateGate(t)
		g.put("small", []byte("s"))
		g.good.Store(new("new"))
		g.renew()
		if _, err := g.files.Stat(g.Context(), "small"); err != nil {
			g.Errorf("with another certificate: %v", err)
		}
	})
	t.Run("token", func(t *testing.T) {
		g := newTokenGate(t)
		g.put("small", []byte("s"))
		// It is replaced between the call and its refusal.
		asked := 0
		address := g.serve()
		g.dial(address, client.Options{Token: func(context.Context) (string, error) {
			if asked++; asked == 3 {
				g.renew()
			}
			return *g.has.Load(), nil
		}})
		asked = 1
		g.good.Store(new("new"))
		if _, err := g.files.Stat(g.Context(), "small"); err != nil || asked != 4 {
			g.Errorf("with another token: %v, asked for %d times", err, asked-1)
		}
	})
}

// A server may not know at once of a token that was just made.
func TestRenewedEarly(t *testing.T) {
	g := newTokenGate(t)
	want := g.putLarge()
	content, err := g.files.Open(g.Context(), "large", tranship.OpenOptions{})
	if err != nil {
		g.Fatal(err)
	}
	defer content.Close()
	got := make([]byte, 1<<20)
	if _, err := io.ReadFull(content, got); err != nil {
		g.Fatal(err)
	}
	g.early.Store(2)
	g.renew()
	g.expire()
	if _, err := g.files.Stat(g.Context(), "large"); err != nil {
		g.Errorf("a unary call: %v", err)
	}
	g.early.Store(2)
	rest, err := io.ReadAll(content)
	if err != nil || !bytes.Equal(append(got, rest...), want) {
		g.Errorf("a download: %d of %d bytes, %v", len(got)+len(rest), len(want), err)
	}
}

// Without other credentials a refusal is final.
func TestNotRenewed(t *testing.T) {
	onGates(t, func(g *gate) {
		g.putLarge()
		content, err := g.files.Open(g.Context(), "large", tranship.OpenOptions{})
		if err != nil {
			g.Fatal(err)
		}
		defer content.Close()
		upload, err := g.files.Begin(g.Context(), tranship.Spec{Path: "up", Size: new(int64(4 << 20)), ResumeKey: "key"})
		if err != nil {
			g.Fatal(err)
		}
		g.expire()
		g.awaitRefusal()
		if _, err := io.Copy(io.Discard, content); !errors.Is(err, tranship.ErrUnauthenticated) {
			g.Errorf("a download: %v", err)
		}
		if err := g.syncUntilItFails(upload); !errors.Is(err, tranship.ErrUnauthenticated) {
			g.Errorf("an upload: %v", err)
		}
		if _, err := g.files.Stat(g.Context(), "large"); !errors.Is(err, tranship.ErrUnauthenticated) {
			g.Errorf("a unary call: %v", err)
		}
		g.awaitRefusal()
		select {
		case <-g.refused:
			g.Error("a call was made again with the same credentials")
		default:
		}
		// New ones that are as bad are tried once.
		g.has.Store(new("new"))
		g.good.Store(new("other"))
		if _, err := g.files.Stat(g.Context(), "large"); !errors.Is(err, tranship.ErrUnauthenticated) {
			g.Errorf("with others that are not good: %v", err)
		}
	})
}
