package grpcadmission_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/access/bearer"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/grpcadmission"
)

// tokens authenticates by a table, which a test may change.
type tokens struct {
	mu   sync.Mutex
	good map[string]authn.Identity
	err  error
}

func (a *tokens) Authenticate(_ context.Context, credentials authn.Credentials) (authn.Identity, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !strings.HasPrefix(credentials.Token, "t-") {
		return authn.Identity{}, authn.ErrNotMine
	}
	if credentials.Token == "t-panic" {
		panic("secret")
	}
	if a.err != nil {
		return authn.Identity{}, a.err
	}
	identity, ok := a.good[credentials.Token]
	if !ok {
		return authn.Identity{}, &authn.Refusal{Text: "the token is not valid", Reason: errors.New("it is unheard of")}
	}
	return identity, nil
}

func (a *tokens) set(change func(good map[string]authn.Identity)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(a.good)
}

func newTokens() *tokens {
	return &tokens{good: map[string]authn.Identity{
		"t-alice": {Principal: access.Principal{Name: "alice", Groups: []string{"ops"}, Source: "token"}},
	}}
}

// echo is a service that says who calls: whole unary calls, and in answer to each
// message of a stream.
var echo = grpc.ServiceDesc{
	ServiceName: "Echo",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{
		MethodName: "Unary",
		Handler: func(_ any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			request := &healthv1.HealthCheckRequest{}
			if err := decode(request); err != nil {
				return nil, err
			}
			handler := func(ctx context.Context, _ any) (any, error) { return caller(ctx), nil }
			if interceptor == nil {
				return handler(ctx, request)
			}
			return interceptor(ctx, request, &grpc.UnaryServerInfo{FullMethod: "/Echo/Unary"}, handler)
		},
	}},
	Streams: []grpc.StreamDesc{{
		StreamName:    "Stream",
		ClientStreams: true,
		ServerStreams: true,
		Handler: func(_ any, stream grpc.ServerStream) error {
			for {
				if err := stream.RecvMsg(&healthv1.HealthCheckRequest{}); err != nil {
					return err
				}
				if err := stream.SendMsg(caller(stream.Context())); err != nil {
					return err
				}
			}
		},
	}},
}

func caller(ctx context.Context) *healthv1.HealthCheckRequest {
	p := access.FromContext(ctx)
	return &healthv1.HealthCheckRequest{Service: p.Source + "/" + p.Name + "/" + strings.Join(p.Groups, ",")}
}

// serve runs the services that need no store, on a server of our own.
func serve(t *testing.T, options admission.Options, settings ...grpc.ServerOption) string {
	t.Helper()
	adapter := grpcadmission.New(admission.New(options), grpcadmission.Options{})
	return loopback.Serve(t, services(adapter), append(adapter.ServerOptions(), settings...)...)
}

// mount runs them on a server of another program, which has no options of ours.
func mount(t *testing.T, options admission.Options) string {
	t.Helper()
	return loopback.Serve(t, services(grpcadmission.New(admission.New(options), grpcadmission.Options{})))
}

// services registers a service of each kind.
func services(adapter *grpcadmission.Adapter) func(grpc.ServiceRegistrar) {
	return func(inner grpc.ServiceRegistrar) {
		registrar := adapter.Registrar(inner)
		registrar.RegisterService(&echo, nil)
		healthv1.RegisterHealthServer(registrar, health.NewServer())
		reflectionv1.RegisterServerReflectionServer(registrar, reflection.NewServerV1(reflection.ServerOptions{Services: inner.(*grpc.Server)}))
	}
}

func withAuthorization(ctx context.Context, values ...string) context.Context {
	return metadata.NewOutgoingContext(ctx, metadata.MD{"authorization": values})
}

// unary calls, and returns who the server says it was.
func unary(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	response := &healthv1.HealthCheckRequest{}
	err := conn.Invoke(ctx, "/Echo/Unary", &healthv1.HealthCheckRequest{}, response)
	return response.GetService(), err
}

// stream is a call of which it returns what its first message says.
func stream(ctx context.Context, conn *grpc.ClientConn) (grpc.ClientStream, string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	context.AfterFunc(ctx, cancel)
	s, err := conn.NewStream(ctx, &echo.Streams[0], "/Echo/Stream")
	if err != nil {
		return nil, "", err
	}
	who, err := exchange(s)
	return s, who, err
}

func exchange(s grpc.ClientStream) (string, error) {
	if err := s.SendMsg(&healthv1.HealthCheckRequest{}); err != nil && err != io.EOF {
		return "", err
	}
	response := &healthv1.HealthCheckRequest{}
	err := s.RecvMsg(response)
	return response.GetService(), err
}

func TestAuthenticate(t *testing.T) {
	for _, test := range []struct {
		name      string
		values    []string
		anonymous bool
		want      string
		code      codes.Code
	}{
		{name: "token", values: []string{"Bearer t-alice"}, want: "token/alice/ops"},
		{name: "scheme in another case", values: []string{"bEARER t-alice"}, want: "token/alice/ops"},
		{name: "token where anonymous callers may", values: []string{"Bearer t-alice"}, anonymous: true, want: "token/alice/ops"},
		{name: "none", code: codes.Unauthenticated},
		{name: "none where anonymous callers may", anonymous: true, want: "//"},
		{name: "unknown", values: []string{"Bearer t-eve"}, code: codes.Unauthenticated},
		{name: "unknown where anonymous callers may", values: []string{"Bearer t-eve"}, anonymous: true, code: codes.Unauthenticated},
		{name: "of no kind", values: []string{"Bearer x"}, anonymous: true, code: codes.Unauthenticated},
		{name: "two", values: []string{"Bearer t-alice", "Bearer t-alice"}, anonymous: true, code: codes.Unauthenticated},
		{name: "another scheme", values: []string{"Basic t-alice"}, anonymous: true, code: codes.Unauthenticated},
		{name: "no scheme", values: []string{"t-alice"}, anonymous: true, code: codes.Unauthenticated},
		{name: "no token", values: []string{"Bearer "}, anonymous: true, code: codes.Unauthenticated},
		{name: "empty", values: []string{""}, anonymous: true, code: codes.Unauthenticated},
		{name: "more than a token", values: []string{"Bearer t-alice x"}, anonymous: true, code: codes.Unauthenticated},
		{name: "too long", values: []string{"Bearer t-" + strings.Repeat("a", bearer.MaxTokenBytes)}, code: codes.Unauthenticated},
		{name: "panic", values: []string{"Bearer t-panic"}, code: codes.Internal},
	} {
		t.Run(test.name, func(t *testing.T) {
			options := admission.Options{Authenticators: []authn.Authenticator{newTokens()}, Anonymous: test.anonymous}
			for _, address := range []string{serve(t, options), mount(t, options)} {
				conn := loopback.Dial(t, address)
				ctx := withAuthorization(t.Context(), test.values...)
				who, err := unary(ctx, conn)
				_, streamWho, streamErr := stream(ctx, conn)
				if who != test.want || streamWho != test.want {
					t.Errorf("called by %q and %q, want %q", who, streamWho, test.want)
				}
				for _, err := range []error{err, streamErr} {
					if status.Code(err) != test.code || err != nil && strings.Contains(err.Error(), "secret") {
						t.Errorf("got %v, want %v", err, test.code)
					}
				}
			}
		})
	}
}

// The error of an authenticator goes to the log, unless it matches a known sentinel.
func TestAuthenticateFailures(t *testing.T) {
	var log bytes.Buffer
	authenticator := newTokens()
	address := serve(t, admission.Options{
		Authenticators: []authn.Authenticator{authenticator},
		Logger:         slog.New(slog.NewTextHandler(&log, nil)),
	})
	conn := loopback.Dial(t, address)
	ctx := withAuthorization(t.Context(), "Bearer t-alice")
	authenticator.err = errors.New("the disk of /srv/secret is broken")
	if _, err := unary(ctx, conn); status.Code(err) != codes.Internal || strings.Contains(err.Error(), "srv") {
		t.Errorf("got %v, want INTERNAL without the reason", err)
	}
	if text := log.String(); !strings.Contains(text, "srv") || strings.Contains(text, "t-alice") {
		t.Errorf("the log must have the reason and no token: %s", text)
	}
	authenticator.set(func(map[string]authn.Identity) {
		authenticator.err = tranship.ErrUnavailable
	})
	if _, err := unary(ctx, conn); status.Code(err) != codes.Unavailable {
		t.Errorf("got %v, want UNAVAILABLE", err)
	}
	// One line a second.
	for range 100 {
		_, _ = unary(ctx, conn)
	}
	if lines := strings.Count(log.String(), "\n"); lines > 50 {
		t.Errorf("%d lines for about 100 refusals", lines)
	}
}

// Only the health of the whole server may be asked without credentials.
func TestHealthAndReflection(t *testing.T) {
	address := serve(t, admission.Options{Authenticators: []authn.Authenticator{newTokens()}})
	conn := loopback.Dial(t, address)
	check := healthv1.NewHealthClient(conn)
	if _, err := check.Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil {
		t.Errorf("Check: %v", err)
	}
	alice := withAuthorization(t.Context(), "Bearer t-alice")
	eve := withAuthorization(t.Context(), "Bearer t-eve")
	if _, err := check.Check(eve, &healthv1.HealthCheckRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("Check with bad credentials: %v", err)
	}
	for name, call := range map[string]func(context.Context) error{
		"Check of a service": func(ctx context.Context) error {
			_, err := check.Check(ctx, &healthv1.HealthCheckRequest{Service: "Echo"})
			return err
		},
		"List": func(ctx context.Context) error {
			_, err := check.List(ctx, &healthv1.HealthListRequest{})
			return err
		},
		"Watch": func(ctx context.Context) error {
			watch, err := check.Watch(ctx, &healthv1.HealthCheckRequest{})
			if err == nil {
				_, err = watch.Recv()
			}
			return err
		},
		"reflection": func(ctx context.Context) error {
			s, err := reflectionv1.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
			if err == nil {
				_ = s.Send(&reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}})
				_, err = s.Recv()
			}
			return err
		},
	} {
		if err := call(t.Context()); status.Code(err) != codes.Unauthenticated {
			t.Errorf("%s: %v, want UNAUTHENTICATED", name, err)
		}
		ctx, cancel := context.WithTimeout(alice, time.Minute)
		if err := call(ctx); status.Code(err) == codes.Unauthenticated {
			t.Errorf("%s with a token: %v", name, err)
		}
		cancel()
	}
}
