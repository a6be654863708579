package grpcadmission_test

import (
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/grpcadmission"
)

// clock hands out what is to be done later, which a test then does.
type clock struct{ waits chan wait }

type wait struct {
	time time.Duration
	end  func()
}

func newClock() clock { return clock{make(chan wait, 100)} }

// options are those of a Door that checks credentials by the clock.
func (c clock) options(authenticator authn.Authenticator) admission.Options {
	return admission.Options{
		Authenticators: []authn.Authenticator{authenticator},
		Clock: admission.Clock{AfterFunc: func(d time.Duration, f func()) func() bool {
			c.waits <- wait{d, f}
			return func() bool { return false }
		}},
	}
}

// next is the next wait that begins.
func (c clock) next(t *testing.T) wait {
	t.Helper()
	select {
	case w := <-c.waits:
		return w
	case <-time.After(time.Minute):
		t.Fatal("nothing waits")
		return wait{}
	}
}

// run ends all waits, from now on.
func (c clock) run(t *testing.T) {
	done := t.Context().Done()
	go func() {
		for {
			select {
			case w := <-c.waits:
				w.end()
			case <-done:
				return
			}
		}
	}()
}

func TestStreamEnds(t *testing.T) {
	for name, test := range map[string]struct {
		change func(a *tokens)
		want   codes.Code
	}{
		"revoked":        {func(a *tokens) { a.set(func(good map[string]authn.Identity) { delete(good, "t-alice") }) }, codes.Unauthenticated},
		"cannot be told": {func(a *tokens) { a.set(func(map[string]authn.Identity) { a.err = tranship.ErrUnavailable }) }, codes.Unavailable},
		"fewer groups": {func(a *tokens) {
			a.set(func(good map[string]authn.Identity) {
				good["t-alice"] = authn.Identity{Principal: access.Principal{Name: "alice", Source: "token"}}
			})
		}, codes.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			authenticator, clock := newTokens(), newClock()
			conn := loopback.Dial(t, serve(t, clock.options(authenticator)))
			s, _, err := stream(withAuthorization(t.Context(), "Bearer t-alice"), conn)
			if err != nil {
				t.Fatal(err)
			}
			first := clock.next(t)
			if first.time != admission.DefaultRecheck {
				t.Errorf("waits %v, want %v", first.time, admission.DefaultRecheck)
			}
			first.end()
			second := clock.next(t)
			if who, err := exchange(s); err != nil || who != "token/alice/ops" {
				t.Errorf("after a look: %q, %v", who, err)
			}
			test.change(authenticator)
			second.end()
			// The handler may have one message yet, if it comes before the look.
			for err == nil {
				_, err = exchange(s)
			}
			if status.Code(err) != test.want {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

// Credentials are looked at again when they expire.
func TestStreamExpires(t *testing.T) {
	authenticator, clock := newTokens(), newClock()
	authenticator.good["t-alice"] = authn.Identity{Principal: access.Principal{Name: "alice"}, Expires: time.Now().Add(2 * time.Second)}
	conn := loopback.Dial(t, serve(t, clock.options(authenticator)))
	if _, _, err := stream(withAuthorization(t.Context(), "Bearer t-alice"), conn); err != nil {
		t.Fatal(err)
	}
	if waited := clock.next(t).time; waited > 2*time.Second {
		t.Errorf("waits %v for what expires in two seconds", waited)
	}
}

// A handler that waits learns from its context, and what it returns does not matter.
func TestStreamContextEnds(t *testing.T) {
	authenticator, clock := newTokens(), newClock()
	adapter := grpcadmission.New(admission.New(clock.options(authenticator)), grpcadmission.Options{})
	waits := grpc.ServiceDesc{ServiceName: "Waits", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{{
		StreamName:    "Wait",
		ServerStreams: true,
		Handler: func(_ any, stream grpc.ServerStream) error {
			if err := stream.SendMsg(caller(stream.Context())); err != nil {
				return err
			}
			<-stream.Context().Done()
			return nil
		},
	}}}
	address := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) { adapter.Registrar(registrar).RegisterService(&waits, nil) }, adapter.ServerOptions()...)
	conn := loopback.Dial(t, address)
	s, err := conn.NewStream(withAuthorization(t.Context(), "Bearer t-alice"), &waits.Streams[0], "/Waits/Wait")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RecvMsg(&healthv1.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	authenticator.set(func(good map[string]authn.Identity) { clear(good) })
	clock.run(t)
	if err := s.RecvMsg(&healthv1.HealthCheckRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("got %v, want UNAUTHENTICATED", err)
	}
}
