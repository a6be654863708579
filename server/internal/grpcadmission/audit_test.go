package grpcadmission_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/grpcadmission"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/mem"
)

// auditLines are the lines of an audit log.
func auditLines(t *testing.T, log []byte) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range bytes.Lines(log) {
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, fields)
	}
	return all
}

// brief is a line in short.
func brief(fields map[string]any) string {
	var words []string
	for _, key := range []string{"action", "result", "principal", "source", "path", "destination"} {
		if value, ok := fields[key]; ok {
			words = append(words, fmt.Sprint(value))
		}
	}
	return strings.Join(words, " ")
}

// believing is an adapter that takes the principal of the context, and has an audit log.
func believing(log *audit.Log) *grpcadmission.Adapter {
	caller := func(ctx context.Context) (access.Principal, error) { return access.FromContext(ctx), nil }
	return grpcadmission.New(admission.New(admission.Options{Caller: caller, Audit: log}), grpcadmission.Options{})
}

// audited runs a call of one message whose handler does something.
func audited(ctx context.Context, log *audit.Log, request *transhipv1.MoveRequest, decode error, handle func(ctx context.Context) error) error {
	description := believing(log).Wrap(&grpc.ServiceDesc{
		ServiceName: "tranship.v1.FileService",
		Methods: []grpc.MethodDesc{{
			MethodName: "Move",
			Handler: func(_ any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
				if err := decode(request); err != nil {
					return nil, err
				}
				return intercept(ctx, request, nil, func(ctx context.Context, _ any) (any, error) { return nil, handle(ctx) })
			},
		}},
	})
	_, err := description.Methods[0].Handler(nil, ctx, func(any) error { return decode }, nil)
	return err
}

// A call that fails has one line, whatever it fails at.
func TestAuditedCall(t *testing.T) {
	var text bytes.Buffer
	log := audit.NewLog(&text, nil)
	store := audit.New(&mem.Store{}, log)
	ctx := access.NewContext(t.Context(), access.Principal{Name: "ann", Source: "token"})
	request := &transhipv1.MoveRequest{SourcePath: "a\nb", DestinationPath: "c"}
	invalid := status.Error(codes.InvalidArgument, "a reason")
	for _, test := range []struct {
		name   string
		decode error
		handle error
		want   string
	}{
		{name: "invalid", handle: invalid, want: "move invalid ann token a\nb c"},
		{name: "no message", decode: invalid, want: "move invalid ann token"},
		{name: "fine"},
		{name: "given up", handle: status.Error(codes.Canceled, "")},
		{name: "late", handle: status.Error(codes.DeadlineExceeded, "")},
		{name: "refused before", handle: status.Error(codes.Unauthenticated, "")},
	} {
		text.Reset()
		err := audited(ctx, log, request, test.decode, func(context.Context) error { return test.handle })
		if want := cmpError(test.decode, test.handle); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", test.name, err, want)
		}
		got := ""
		for _, line := range auditLines(t, text.Bytes()) {
			got += brief(line)
			if line["reason"] != "a reason" || line["method"] != "/tranship.v1.FileService/Move" {
				t.Errorf("%s: %v", test.name, line)
			}
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	// A failure that the store has recorded is not recorded again.
	text.Reset()
	_ = audited(ctx, log, request, nil, func(ctx context.Context) error {
		_, err := store.Move(ctx, "a", "b", tranship.Precondition{})
		return err
	})
	if all := auditLines(t, text.Bytes()); len(all) != 1 || all[0]["method"] != nil {
		t.Errorf("a failure of the store has lines %v", all)
	}
	// Nor is the success of one action taken for the failure of the call.
	text.Reset()
	_ = audited(ctx, log, request, nil, func(ctx context.Context) error {
		for range store.List(ctx, tranship.ListOptions{}) {
		}
		return invalid
	})
	if all := auditLines(t, text.Bytes()); len(all) != 2 || all[1]["action"] != "move" {
		t.Errorf("a call that fails after a success has lines %v", all)
	}
}

func cmpError(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// messages is a stream with one message to receive.
type messages struct {
	grpc.ServerStream
	ctx context.Context
}

func (m messages) Context() context.Context { return m.ctx }

func (m messages) RecvMsg(any) error { return nil }

func TestAuditedStream(t *testing.T) {
	var text bytes.Buffer
	log := audit.NewLog(&text, nil)
	ctx := access.NewContext(t.Context(), access.Principal{Name: "ann", Source: "token"})
	handler := func(_ any, stream grpc.ServerStream) error {
		if err := stream.RecvMsg(&transhipv1.ListUploadsRequest{Directory: "d"}); err != nil {
			return err
		}
		return status.Error(codes.ResourceExhausted, "too much")
	}
	description := believing(log).Wrap(&grpc.ServiceDesc{
		ServiceName: "tranship.v1.FileService",
		Streams:     []grpc.StreamDesc{{StreamName: "ListUploads", ServerStreams: true, Handler: handler}},
	})
	if err := description.Streams[0].Handler(nil, messages{ctx: ctx}); status.Code(err) != codes.ResourceExhausted {
		t.Error(err)
	}
	if all := auditLines(t, text.Bytes()); len(all) != 1 || brief(all[0]) != "list_uploads limit ann token d" || all[0]["reason"] != "too much" {
		t.Errorf("lines %v", all)
	}
}
