package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/mem"
)

// guarded runs a call of one message whose handler does something.
func guarded(ctx context.Context, log *audit.Log, request *transhipv1.MoveRequest, decode error, handle func(ctx context.Context) error) error {
	description := log.Guard(&grpc.ServiceDesc{
		ServiceName: "tranship.v1.FileService",
		Methods: []grpc.MethodDesc{{
			MethodName: "Move",
			Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
				if err := decode(request); err != nil {
					return nil, err
				}
				return nil, handle(ctx)
			},
		}},
	})
	_, err := description.Methods[0].Handler(nil, ctx, func(any) error { return decode }, nil)
	return err
}

// A call that fails has one line, whatever it fails at.
func TestGuard(t *testing.T) {
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
		err := guarded(ctx, log, request, test.decode, func(context.Context) error { return test.handle })
		if want := cmpError(test.decode, test.handle); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", test.name, err, want)
		}
		got := ""
		for _, line := range lines(t, text.Bytes()) {
			got += brief(line)
			if line["reason"] != "a reason" || line["method"] != "/tranship.v1.FileService/Move" {
				t.Errorf("%s: %v", test.name, line)
			}
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	// What the store has written down is not written again.
	text.Reset()
	_ = guarded(ctx, log, request, nil, func(ctx context.Context) error {
		_, err := store.Move(ctx, "a", "b", tranship.Precondition{})
		return err
	})
	if all := lines(t, text.Bytes()); len(all) != 1 || all[0]["method"] != nil {
		t.Errorf("a failure of the store has lines %v", all)
	}
	// Nor is the success of one action taken for the failure of the call.
	text.Reset()
	_ = guarded(ctx, log, request, nil, func(ctx context.Context) error {
		for range store.List(ctx, tranship.ListOptions{}) {
		}
		return invalid
	})
	if all := lines(t, text.Bytes()); len(all) != 2 || all[1]["action"] != "move" {
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

func TestStream(t *testing.T) {
	var text bytes.Buffer
	log := audit.NewLog(&text, nil)
	ctx := access.NewContext(t.Context(), access.Principal{Name: "ann", Source: "token"})
	info := &grpc.StreamServerInfo{FullMethod: "/tranship.v1.FileService/ListUploads", IsServerStream: true}
	handler := func(_ any, stream grpc.ServerStream) error {
		if err := stream.RecvMsg(&transhipv1.ListUploadsRequest{Directory: "d"}); err != nil {
			return err
		}
		return status.Error(codes.ResourceExhausted, "too much")
	}
	if err := log.Stream(nil, messages{ctx: ctx}, info, handler); status.Code(err) != codes.ResourceExhausted {
		t.Error(err)
	}
	if all := lines(t, text.Bytes()); len(all) != 1 || brief(all[0]) != "list_uploads limit ann token d" || all[0]["reason"] != "too much" {
		t.Errorf("lines %v", all)
	}
	var none *audit.Log
	if err := none.Stream(nil, messages{ctx: ctx}, info, handler); status.Code(err) != codes.ResourceExhausted {
		t.Error(err)
	}
	none.Fail(ctx, "put", "", "", io.EOF)
	none.RefusedHandshake("", "")
	none.RefusedConnection("", "")
	description := &grpc.ServiceDesc{}
	if none.Guard(description) != description {
		t.Error("without a log a service has become another")
	}
}

// What strangers cause, and what is refused for a moment, has ten lines a second, each
// kind for itself, and the others are counted.
func TestLineBudgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		log := audit.NewLog(&text, nil)
		limited := fmt.Errorf("%w: a limit", tranship.ErrUnavailable)
		const times = 100
		for range 2 {
			for range times {
				log.Refused("192.0.2.7:1", "no token")
				log.RefusedHandshake("192.0.2.7:1", "no TLS\n")
				log.RefusedConnection("192.0.2.7:1", "too many")
				log.Fail(t.Context(), "put", "path", "", limited)
			}
			time.Sleep(time.Second)
		}
		// Refusals of what a caller sends all have their line.
		for range times {
			log.Fail(t.Context(), "put", strings.Repeat("p", 5000), "", &tranship.InvalidError{Field: "path"})
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		written, told := map[any]int{}, map[any]int{}
		for _, line := range lines(t, text.Bytes()) {
			kind := line["action"]
			if line["result"] == "invalid" {
				kind = "invalid"
			}
			written[kind]++
			told[kind]++
			if left, ok := line["left_out"].(float64); ok {
				told[kind] += int(left)
			}
		}
		for _, kind := range []string{"authenticate", "handshake", "connect"} {
			// The last line tells only of others.
			if written[kind] != 21 || told[kind] != 2*times+1 {
				t.Errorf("%s: %d lines tell of %d, want 21 of %d", kind, written[kind], told[kind], 2*times+1)
			}
		}
		if written["put"] != 20 || told["put"]+told["limit"] != 2*times+1 {
			t.Errorf("put: %d lines tell of %d", written["put"], told["put"]+told["limit"])
		}
		if written["invalid"] != times {
			t.Errorf("%d lines of %d refusals", written["invalid"], times)
		}
		if longest := len(text.Bytes()) / (times + 80); longest > 2000 {
			t.Errorf("lines have %d bytes", longest)
		}
	})
}
