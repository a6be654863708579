package grpchook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	hooksv1 "github.com/tranship/tranship/proto/tranship/hooks/v1"
	"github.com/tranship/tranship/store/hook"
	"github.com/tranship/tranship/store/hook/grpchook"
)

// service is a hook.
type service struct {
	hooksv1.UnimplementedHookServiceServer
	before  func(question *hooksv1.Question, content string) (*hooksv1.BeforeCommitResponse, error)
	early   bool
	deliver func(ctx context.Context, events []*hooksv1.Event) error
}

func (s *service) BeforeCommit(stream grpc.ClientStreamingServer[hooksv1.BeforeCommitRequest, hooksv1.BeforeCommitResponse]) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	var content strings.Builder
	for !s.early {
		next, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		content.Write(next.GetContent())
	}
	response, err := s.before(first.GetQuestion(), content.String())
	if err != nil {
		return err
	}
	return stream.SendAndClose(response)
}

func (s *service) Deliver(ctx context.Context, request *hooksv1.DeliverRequest) (*hooksv1.DeliverResponse, error) {
	return &hooksv1.DeliverResponse{}, s.deliver(ctx, request.GetEvents())
}

// serve serves a hook until the test ends, and returns a carrier to it.
func serve(t *testing.T, s *service) *grpchook.Carrier {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	hooksv1.RegisterHookServiceServer(server, s)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	carrier, err := grpchook.New(listener.Addr().String(), grpchook.Options{Secret: func() ([]byte, error) { return []byte("secret\n"), nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = carrier.Close() })
	return carrier
}

func TestAsk(t *testing.T) {
	long := strings.Repeat("0123456789", 20_000)
	for kind, want := range map[hooksv1.RefusalKind]error{
		hooksv1.RefusalKind_REFUSAL_KIND_UNSPECIFIED: tranship.ErrDenied, hooksv1.RefusalKind_REFUSAL_KIND_DENIED: tranship.ErrDenied,
		hooksv1.RefusalKind_REFUSAL_KIND_INVALID: tranship.ErrInvalid, hooksv1.RefusalKind_REFUSAL_KIND_QUOTA: tranship.ErrQuota,
		hooksv1.RefusalKind_REFUSAL_KIND_UNAVAILABLE: tranship.ErrUnavailable,
	} {
		carrier := serve(t, &service{before: func(q *hooksv1.Question, content string) (*hooksv1.BeforeCommitResponse, error) {
			if q.GetPath() != "a" || q.GetSource() != "b" || q.GetSize() != 3 || q.GetCrc32C() != 7 || q.GetPrincipal() != "ann" || q.GetLink() != "l1" || q.GetOperation() != hooksv1.Operation_OPERATION_MOVE || content != long || !q.GetContentFollows() {
				t.Errorf("%v with %d bytes", q, len(content))
			}
			return &hooksv1.BeforeCommitResponse{Refuse: true, Reason: "no", Kind: kind}, nil
		}})
		got, err := carrier.Ask(t.Context(), hook.Question{
			Operation: hook.OperationMove, Path: "a", Source: "b", Size: 3, CRC32C: new(uint32(7)), Principal: "ann", Link: "l1", Content: strings.NewReader(long),
		})
		if err != nil || !got.Refuse || got.Reason != "no" || !errors.Is(got.Kind, want) {
			t.Errorf("%v: %+v, %v", kind, got, err)
		}
	}
}

// endless is a content that never ends.
type endless struct{}

func (endless) Read(buffer []byte) (int, error) { return len(buffer), nil }

// TestEarlyAnswer checks that a hook may answer before it has read the content.
func TestEarlyAnswer(t *testing.T) {
	carrier := serve(t, &service{early: true, before: func(*hooksv1.Question, string) (*hooksv1.BeforeCommitResponse, error) {
		return &hooksv1.BeforeCommitResponse{Refuse: true}, nil
	}})
	if got, err := carrier.Ask(t.Context(), hook.Question{Content: endless{}}); err != nil || !got.Refuse {
		t.Errorf("%+v, %v", got, err)
	}
}

// broken is a content that cannot be read.
type broken struct{}

var errBroken = errors.New("the content is broken")

func (broken) Read([]byte) (int, error) { return 0, errBroken }

// TestNoAnswer checks that a failure is no agreement.
func TestNoAnswer(t *testing.T) {
	huge := serve(t, &service{before: func(*hooksv1.Question, string) (*hooksv1.BeforeCommitResponse, error) {
		return &hooksv1.BeforeCommitResponse{Reason: strings.Repeat("x", 1<<20)}, nil
	}})
	if got, err := huge.Ask(t.Context(), hook.Question{}); err == nil {
		t.Errorf("%+v", got)
	}
	failing := serve(t, &service{before: func(*hooksv1.Question, string) (*hooksv1.BeforeCommitResponse, error) {
		return nil, status.Error(codes.Internal, "broken")
	}})
	if got, err := failing.Ask(t.Context(), hook.Question{}); err == nil {
		t.Errorf("%+v", got)
	}
	if got, err := failing.Ask(t.Context(), hook.Question{Content: broken{}}); !errors.Is(err, errBroken) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDeliver(t *testing.T) {
	event := hook.Event{ID: "1", Kind: hook.AfterMove, Time: time.Unix(5, 0), Path: "a", Source: "b", Size: 3, Version: "v", ModTime: time.Unix(9, 0), Principal: "ann", Link: "l1"}
	var fails error
	carrier := serve(t, &service{deliver: func(ctx context.Context, events []*hooksv1.Event) error {
		values, _ := metadata.FromIncomingContext(ctx)
		if got := values.Get("authorization"); len(got) != 1 || got[0] != "Bearer secret" {
			t.Errorf("authorization: %q", got)
		}
		e := events[0]
		if len(events) != 2 || e.GetId() != "1" || e.GetKind() != hooksv1.EventKind_EVENT_KIND_AFTER_MOVE || e.GetPath() != "a" || e.GetSource() != "b" ||
			e.GetSize() != 3 || e.GetVersion() != "v" || e.GetPrincipal() != "ann" || e.GetLink() != "l1" || e.GetTime().GetSeconds() != 5 || e.GetModifiedTime().GetSeconds() != 9 || e.Crc32C != nil {
			t.Errorf("%v", events)
		}
		return fails
	}})
	if err := carrier.Deliver(t.Context(), []hook.Event{event, event}); err != nil {
		t.Error(err)
	}
	for code, rejected := range map[codes.Code]bool{codes.InvalidArgument: true, codes.Unavailable: false, codes.Unauthenticated: false} {
		fails = status.Error(code, "no")
		if err := carrier.Deliver(t.Context(), []hook.Event{event, event}); err == nil || errors.Is(err, hook.ErrRejected) != rejected {
			t.Errorf("%v: %v", code, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1:1": true, "localhost:1": true, "hooks.example.com:1": false, "x": false, ":1": false} {
		carrier, err := grpchook.New(address, grpchook.Options{})
		if (err == nil) != want || err != nil && !errors.Is(err, tranship.ErrInvalid) {
			t.Errorf("%q: %v", address, err)
		}
		if err == nil {
			_ = carrier.Close()
		}
	}
}

// cut is a content whose connection is cut after some bytes.
type cut struct{ err error }

func (c cut) Read(p []byte) (int, error) { return copy(p, "some"), c.err }

// TestCutContent checks that the beginning of a content whose connection was cut is not taken for
// the whole, also if the store wraps the error of the connection.
func TestCutContent(t *testing.T) {
	carrier := serve(t, &service{before: func(*hooksv1.Question, string) (*hooksv1.BeforeCommitResponse, error) {
		return &hooksv1.BeforeCommitResponse{}, nil
	}})
	for _, err := range []error{fmt.Errorf("s3: %w", io.EOF), io.ErrUnexpectedEOF, fmt.Errorf("s3: %w", io.ErrUnexpectedEOF)} {
		_, got := carrier.Ask(t.Context(), hook.Question{Operation: hook.OperationCopy, Path: "a", Content: cut{err}})
		if got == nil {
			t.Errorf("the hook agreed to a content that ended with %q", err)
		}
	}
	if _, err := carrier.Ask(t.Context(), hook.Question{Operation: hook.OperationCopy, Path: "a", Content: cut{io.EOF}}); err != nil {
		t.Error(err)
	}
}
