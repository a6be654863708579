package grpcadmission_test

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/grpcadmission"
)

// TestWrap checks that credentials are looked at before a call's message is asked for,
// and once, and that the handler knows the principal while it arrives.
func TestWrap(t *testing.T) {
	asked := 0
	adapter := grpcadmission.New(admission.New(admission.Options{Authenticators: []authn.Authenticator{counted{newTokens(), &asked}}}), grpcadmission.Options{})
	arrived := errors.New("the message was asked for")
	call := func(ctx context.Context, service, method string, message any) error {
		description := adapter.Wrap(&grpc.ServiceDesc{
			ServiceName: service,
			Methods: []grpc.MethodDesc{{MethodName: method, Handler: func(_ any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
				if err := decode(message); err != nil {
					return access.FromContext(ctx).Name, err
				}
				return intercept(ctx, message, &grpc.UnaryServerInfo{FullMethod: "/" + service + "/" + method}, func(ctx context.Context, _ any) (any, error) {
					return access.FromContext(ctx).Name, nil
				})
			}}},
		})
		name, err := description.Methods[0].Handler(nil, ctx, func(any) error {
			if message == nil {
				return arrived
			}
			return nil
		}, nil)
		if err == nil && name != "alice" && name != "" {
			t.Errorf("called by %v", name)
		}
		return err
	}
	alice := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer t-alice"))
	eve := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer t-eve"))
	for name, ctx := range map[string]context.Context{"no token": t.Context(), "a bad token": eve} {
		if err := call(ctx, "echo.Echo", "Call", nil); status.Code(err) != codes.Unauthenticated {
			t.Errorf("%s: %v, want UNAUTHENTICATED before the message", name, err)
		}
	}
	if err := call(alice, "echo.Echo", "Call", nil); !errors.Is(err, arrived) {
		t.Errorf("with a token: %v", err)
	}
	asked = 0
	if err := call(alice, "echo.Echo", "Call", &healthv1.HealthCheckRequest{}); err != nil || asked != 1 {
		t.Errorf("with a token: %v, which was asked for %d times", err, asked)
	}
	// The health of the whole server needs no credentials; the health of a service does.
	check := func(ctx context.Context, service string) error {
		return call(ctx, "grpc.health.v1.Health", "Check", &healthv1.HealthCheckRequest{Service: service})
	}
	if err := check(t.Context(), ""); err != nil {
		t.Error(err)
	}
	if err := check(t.Context(), "Echo"); status.Code(err) != codes.Unauthenticated {
		t.Errorf("a service's health without a token: %v", err)
	}
	if err := check(eve, ""); status.Code(err) != codes.Unauthenticated {
		t.Errorf("the server's health with a bad token: %v", err)
	}
}

// counted counts how often it is asked.
type counted struct {
	authn.Authenticator
	asked *int
}

func (c counted) Authenticate(ctx context.Context, credentials authn.Credentials) (authn.Identity, error) {
	*c.asked++
	return c.Authenticator.Authenticate(ctx, credentials)
}
