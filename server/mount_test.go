package server_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// TestMount checks that mounted services keep to credentials, policy and quota, and write
// the audit log, on a grpc.Server that has none of the package's options; and that other
// services of that grpc.Server are as they were.
func TestMount(t *testing.T) {
	rules, err := policy.Parse("policy", []byte("allow ann read,write site\n"))
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s, err := server.New(t.Context(), server.Config{
		Store:          &mem.Store{},
		Authenticators: []authn.Authenticator{names{"ann", "bob"}},
		Policy:         rules,
		Quota:          quota.Options{FileBytes: 3},
		Audit:          audit.NewLog(&log, nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	address := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) {
		healthv1.RegisterHealthServer(registrar, healthv1.UnimplementedHealthServer{})
		s.Mount(registrar)
	})
	ann, bob := connectAs(t, address, tokenOf("ann")), connectAs(t, address, tokenOf("bob"))
	ctx := testContext(t)
	if _, err := ann.Put(ctx, tranship.Spec{Path: "site/a"}, []byte("abc")); err != nil {
		t.Error(err)
	}
	if _, err := ann.Put(ctx, tranship.Spec{Path: "site/b"}, []byte("abcd")); !errors.Is(err, tranship.ErrLimit) {
		t.Errorf("a file beyond the quota: %v", err)
	}
	if _, err := ann.Put(ctx, tranship.Spec{Path: "other"}, nil); !errors.Is(err, tranship.ErrDenied) {
		t.Errorf("a path beyond the policy: %v", err)
	}
	if _, err := bob.Stat(ctx, "site/a"); !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("a file of another: %v", err)
	}
	stranger := loopback.Dial(t, address)
	if _, err := transhipv1.NewFileServiceClient(stranger).Stat(ctx, &transhipv1.StatRequest{Path: "site/a"}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("a call without credentials: %v", err)
	}
	if _, err := healthv1.NewHealthClient(stranger).Check(ctx, &healthv1.HealthCheckRequest{Service: "own"}); status.Code(err) != codes.Unimplemented {
		t.Errorf("a service of the program's own answers %v", err)
	}
	for _, want := range []string{
		`"action":"put","result":"ok","principal":"ann"`, `"action":"put","result":"limit","principal":"ann"`,
		`"action":"put","result":"denied","principal":"ann"`, `"action":"stat","result":"denied","principal":"bob"`,
		`"action":"authenticate"`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the audit log has no %s", want)
		}
	}
	if t.Failed() {
		t.Log(log.String())
	}
}

// detached is a stream whose context an interceptor has replaced by one that does not
// end with the call.
type detached struct{ grpc.ServerStream }

// Context implements grpc.ServerStream.
func (d detached) Context() context.Context {
	return context.WithoutCancel(d.ServerStream.Context())
}

// TestMountDetachedContext checks that a call is counted no longer than it lasts, also if
// an interceptor of the grpc.Server has replaced its context by one that never ends.
func TestMountDetachedContext(t *testing.T) {
	const most = 3
	s, err := server.New(t.Context(), server.Config{
		Store: &mem.Store{}, Anonymous: server.AnonymousWrite, Limits: limit.Options{StreamsPerPeer: most},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := connectAs(t, loopback.Serve(t, s.Mount, grpc.StreamInterceptor(
		func(service any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			return handler(service, detached{stream})
		},
	)), client.Options{})
	ctx := testContext(t)
	for range 3 * most {
		for _, err := range c.List(ctx, tranship.ListOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}
