package server_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/internal/testing/testcert"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/guard"
	"github.com/tranship/tranship/store/mem"
)

// names are tokens that are good, each for the principal of that name.
type names []string

// Authenticate implements authn.Authenticator.
func (n names) Authenticate(_ context.Context, brought authn.Credentials) (authn.Identity, error) {
	for _, name := range n {
		if brought.Token == name {
			return authn.Identity{Principal: access.Principal{Name: name, Source: "test"}}, nil
		}
	}
	if brought.Token == "" {
		return authn.Identity{}, authn.ErrNotMine
	}
	return authn.Identity{}, &authn.Refusal{Text: "the token is not valid"}
}

// tokenOf are the options of a client with a token.
func tokenOf(name string) client.Options {
	return client.Options{Token: func(context.Context) (string, error) { return name, nil }}
}

// namedIn are the options of a client whose calls name a principal.
func namedIn(name string) client.Options {
	return client.Options{DialOptions: loopback.As(access.Principal{Name: name})}
}

// TestIsolation checks, for each way to serve and each way to find the principal of a
// call, with and without a policy, that no principal sees, resumes, joins or aborts an
// upload of another.
func TestIsolation(t *testing.T) {
	everything, err := policy.Parse("policy", []byte("allow * read,write,delete,list /\n"))
	if err != nil {
		t.Fatal(err)
	}
	principal := func(ctx context.Context) (access.Principal, error) { return access.FromContext(ctx), nil }
	tokens := []authn.Authenticator{names{"ann", "bob"}}
	serverTLS, certificateOf := certificates(t)
	for name, test := range map[string]struct {
		config server.Config
		as     func(name string) client.Options
		serve  func(t *testing.T, store tranship.Store, config server.Config) string
	}{
		"Serve, tokens": {server.Config{Authenticators: tokens}, tokenOf, serveAll},
		"Serve, Caller": {server.Config{Caller: loopback.Caller}, namedIn, serveAll},
		"Serve, certificates": {
			server.Config{TLS: serverTLS, Authenticators: []authn.Authenticator{authn.Certificates{}}}, certificateOf, serveAll,
		},
		"Mount, certificates": {
			server.Config{Authenticators: []authn.Authenticator{authn.Certificates{}}},
			certificateOf,
			mountWith(grpc.Creds(credentials.NewTLS(serverTLS))),
		},
		"Mount, tokens":                         {server.Config{Authenticators: tokens}, tokenOf, mountWith(server.GRPCOptions(server.Config{})...)},
		"Mount, tokens, on a plain grpc.Server": {server.Config{Authenticators: tokens}, tokenOf, mountWith()},
		"Mount, tokens, beside other interceptors": {
			server.Config{Authenticators: tokens}, tokenOf, mountWith(callAllBob()...),
		},
		"Mount, Caller": {server.Config{Caller: principal}, namedIn, mountWith(loopback.Believing()...)},
		"Mount, Caller, and anonymous clients": {
			server.Config{Caller: principal, Anonymous: server.AnonymousWrite}, namedIn, mountWith(loopback.Believing()...),
		},
	} {
		for policyName, rules := range map[string]guard.Policy{"without a policy": nil, "with a policy": everything} {
			t.Run(name+", "+policyName, func(t *testing.T) {
				config := test.config
				config.Store, config.Policy = &mem.Store{PartSize: partSize}, rules
				address := test.serve(t, config.Store, config)
				checkIsolation(t, connectAs(t, address, test.as("ann")), connectAs(t, address, test.as("bob")), address, test.as("bob"))
			})
		}
	}
}

// certificates returns the TLS of a server that demands client certificates, and the
// options of a client with one.
func certificates(t *testing.T) (*tls.Config, func(name string) client.Options) {
	t.Helper()
	authority, err := testcert.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(authority.Certificate)
	issue := func(spec testcert.Spec) []tls.Certificate {
		pair, err := authority.Issue(spec)
		if err != nil {
			t.Fatal(err)
		}
		return []tls.Certificate{{Certificate: [][]byte{pair.Certificate.Raw}, PrivateKey: pair.Key}}
	}
	demanding := &tls.Config{
		Certificates: issue(testcert.Spec{Hosts: []string{"127.0.0.1"}}),
		ClientCAs:    pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13,
	}
	return demanding, func(name string) client.Options {
		return client.Options{TLS: &tls.Config{
			RootCAs: pool, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS13,
			Certificates: issue(testcert.Spec{Subject: name}),
		}}
	}
}

// serveAll serves a Config by Serve.
func serveAll(t *testing.T, store tranship.Store, config server.Config) string {
	t.Helper()
	return storeserver.Serve(t, store, config)
}

// mountWith serves a Config by Mount on a grpc.Server with options.
func mountWith(options ...grpc.ServerOption) func(*testing.T, tranship.Store, server.Config) string {
	return func(t *testing.T, _ tranship.Store, config server.Config) string {
		t.Helper()
		s, err := server.New(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		return loopback.Serve(t, s.Mount, options...)
	}
}

// callAllBob are interceptors that make bob the principal of all calls. Authenticators
// decide all the same.
func callAllBob() []grpc.ServerOption {
	bob := func(ctx context.Context) context.Context {
		return access.NewContext(ctx, access.Principal{Name: "bob", Source: "test"})
	}
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			return handler(bob(ctx), request)
		}),
		grpc.ChainStreamInterceptor(func(service any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			return handler(service, replaced{stream, bob(stream.Context())})
		}),
	}
}

// replaced is a stream with another context.
type replaced struct {
	grpc.ServerStream
	ctx context.Context
}

func (r replaced) Context() context.Context { return r.ctx }

func connectAs(t *testing.T, address string, options client.Options) *client.Client {
	t.Helper()
	connected, err := client.Dial(t.Context(), address, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connected.Close() })
	return connected
}

// checkIsolation checks that bob has no access to an upload that ann begins.
func checkIsolation(t *testing.T, ann, bob *client.Client, address string, asBob client.Options) {
	t.Helper()
	ctx := testContext(t)
	spec := tranship.Spec{Path: "file", Size: new(int64(2 * partSize)), ResumeKey: "key"}
	hers := beginAs(t, ann, spec)
	if ids := uploadsOf(t, ann); len(ids) != 1 || ids[0] != hers.ID() {
		t.Fatalf("ann's uploads are %v, want %s", ids, hers.ID())
	}
	if ids := uploadsOf(t, bob); len(ids) != 0 {
		t.Errorf("bob sees %v", ids)
	}
	if err := bob.AbortUpload(ctx, hers.ID()); !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("bob aborts ann's upload: %v, want ErrNotFound", err)
	}
	if status := joinAs(t, address, asBob, hers.ID(), hers.Epoch()); status != codes.Aborted {
		t.Errorf("bob joins ann's upload: %v, want ABORTED as for one that does not exist", status)
	}
	his := beginAs(t, bob, spec)
	if his.ID() == hers.ID() {
		t.Error("bob resumes ann's upload")
	}
	if err := errors.Join(his.Abort(ctx), hers.Detach(ctx)); err != nil {
		t.Fatal(err)
	}
	if err := bob.AbortUpload(ctx, hers.ID()); !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("bob aborts ann's detached upload: %v, want ErrNotFound", err)
	}
	again := beginAs(t, ann, spec)
	if again.ID() != hers.ID() || again.Epoch() != hers.Epoch()+1 {
		t.Errorf("ann resumes %s, epoch %d, want %s, epoch %d", again.ID(), again.Epoch(), hers.ID(), hers.Epoch()+1)
	}
	if err := again.Detach(ctx); err != nil {
		t.Error(err)
	}
	if err := ann.AbortUpload(ctx, hers.ID()); err != nil {
		t.Errorf("ann aborts her upload: %v", err)
	}
}

// beginAs begins an upload, or resumes it.
func beginAs(t *testing.T, files *client.Client, spec tranship.Spec) tranship.Upload {
	t.Helper()
	upload, err := files.Begin(testContext(t), spec)
	if err != nil {
		t.Fatal(err)
	}
	return upload
}

func uploadsOf(t *testing.T, files *client.Client) (ids []string) {
	t.Helper()
	for info, err := range files.ListUploads(testContext(t), "") {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, info.ID)
	}
	return ids
}

// joinAs joins an upload of which the client knows id and epoch, and returns what becomes
// of it.
func joinAs(t *testing.T, address string, options client.Options, id string, epoch uint64) codes.Code {
	t.Helper()
	conn, err := client.DialConn(testContext(t), address, options)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, failed := upload(t, transhipv1.NewFileServiceClient(conn),
		join(1, &transhipv1.Begun{UploadId: id, Epoch: epoch}), chunk(1, new(int64(0)), []byte("evil")), finish(1))
	return codes.Code(failed[1].GetCode())
}
