package lanes_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/limit"
)

// A call ends at its deadline, for the server as well, and the lane can have another.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, admission.Options{})
		l := s.dial(t)
		begun := time.Now()
		c := open(t.Context(), t, l, lane.Headers{Method: "/Test/wait", Timeout: 3 * time.Second})
		if err := c.outcome(); status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("the call ended with %v", err)
		}
		if err := <-s.ended; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the handler ended with %v", err)
		}
		if waited := time.Since(begun); waited != 3*time.Second {
			t.Errorf("the call ended after %v", waited)
		}
		if !<-c.free {
			t.Error("the lane cannot be used again")
		}
		if _, err := open(t.Context(), t, l, lane.Headers{Method: "/Test/echo"}).exchange(); err != nil {
			t.Errorf("the next call: %v", err)
		}
	})
}

// A handler notices that its client cancels the call, or is lost, whether it still sends or not.
func TestCancel(t *testing.T) {
	for name, end := range map[string]func(*lane.Conn, context.CancelFunc){
		"cancelled": func(_ *lane.Conn, cancel context.CancelFunc) { cancel() },
		"lost":      func(l *lane.Conn, _ context.CancelFunc) { _ = l.Close() },
	} {
		for _, closed := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var log auditLog
					s := inMemory(t, admission.Options{Audit: &log})
					l := s.dial(t)
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					c := open(ctx, t, l, lane.Headers{Method: "/Test/wait"})
					<-s.waiting
					if closed {
						_ = c.CloseSend()
						synctest.Wait()
					}
					end(l, cancel)
					if err := <-s.ended; !errors.Is(err, context.Canceled) {
						t.Errorf("the handler ended with %v", err)
					}
					if err := c.outcome(); err == nil {
						t.Error("the call succeeded")
					}
					if free := <-c.free; free != (name == "cancelled") {
						t.Errorf("the lane can be used again: %v", free)
					}
					synctest.Wait()
					if len(log.lines) > 0 {
						t.Errorf("the audit log has %q", log.lines)
					}
				})
			})
		}
	}
}

// The place of a call is free before its client learns that the call has ended.
func TestNextCall(t *testing.T) {
	s := inMemory(t, admission.Options{Limits: limit.Options{StreamsPerPeer: 1}})
	l := s.dial(t)
	for range 1000 {
		c := open(t.Context(), t, l, lane.Headers{Method: "/Test/echo"})
		if err := c.end(); err != nil {
			t.Fatal(err)
		}
		if !<-c.free {
			t.Fatal("the lane cannot be used again")
		}
	}
}

// Methods that lanes do not carry are unknown, and the lane stays.
func TestUnknown(t *testing.T) {
	var log auditLog
	s := inMemory(t, admission.Options{Audit: &log})
	l := s.dial(t)
	for _, method := range []string{"/Test/none", "/None/echo", "/", "/Test", "/Test/echo/"} {
		c := open(t.Context(), t, l, lane.Headers{Method: method})
		if err := c.end(); status.Code(err) != codes.Unimplemented {
			t.Errorf("%s: %v", method, err)
		}
		if !<-c.free {
			t.Fatal("the lane cannot be used again")
		}
		if !log.has("call pipe  " + method + " ") {
			t.Errorf("%s is not in the audit log: %q", method, log.lines)
		}
	}
}

// What a call's context has is what it would have with gRPC.
func TestContext(t *testing.T) {
	s := newSite(admission.Options{Anonymous: true}, insecure.NewCredentials())
	found := make(chan error, 1)
	s.adapter.Registrar(s.lanes).RegisterService(&grpc.ServiceDesc{ServiceName: "More", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{{
		StreamName: "context", ClientStreams: true, ServerStreams: true,
		Handler: func(_ any, stream grpc.ServerStream) error {
			ctx := stream.Context()
			method, ok := grpc.Method(ctx)
			md, _ := metadata.FromIncomingContext(ctx)
			_, limited := ctx.Deadline()
			if method != "/More/context" || !ok || strings.Join(md.Get("Key"), ",") != "a,b" || md.Get("key-bin")[0] != "\x00\xff" || limited {
				t.Errorf("method %q, metadata %v, deadline %v", method, md, limited)
			}
			found <- errors.Join(
				grpc.SetHeader(ctx, metadata.Pairs("first", "1")),
				grpc.SendHeader(ctx, metadata.Pairs("second", "2")),
				grpc.SetTrailer(ctx, metadata.Pairs("third", "3")),
			)
			return stream.SendMsg(wrapperspb.Bytes(nil))
		},
	}}}, nil)
	s.serve(s.network)
	defer s.stop(t)
	c := open(t.Context(), t, s.dial(t), lane.Headers{Method: "/More/context", Metadata: metadata.MD{"key": {"a", "b"}, "key-bin": {"\x00\xff"}}})
	if err := <-found; err != nil {
		t.Error(err)
	}
	header, err := c.Header()
	if err != nil || header.Get("first")[0] != "1" || header.Get("second")[0] != "2" {
		t.Errorf("header %v, %v", header, err)
	}
	if err := c.end(); err != nil || c.Trailer().Get("third")[0] != "3" {
		t.Errorf("trailer %v, %v", c.Trailer(), err)
	}
}
