package lane_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// statusCodec calls arrived before it decodes a status.
type statusCodec struct {
	payload.Codec
	arrived func()
}

// Unmarshal implements encoding.CodecV2.
func (c statusCodec) Unmarshal(data mem.BufferSlice, v any) error {
	if _, ok := v.(*transhipv1.LaneStatus); ok {
		c.arrived()
	}
	return c.Codec.Unmarshal(data, v)
}

// A call that is cancelled when its status has just come does not wait for another status, and
// its lane stays.
func TestCancelAtStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		go serve(t, server, echo)
		ctx, cancel := context.WithCancel(t.Context())
		conn, err := lane.Dial(t.Context(), client, lane.Options{Codec: statusCodec{arrived: func() {
			cancel()
			synctest.Wait() // until the call is cancelled
		}}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		stream, free := open(t, ctx, conn)
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if err := stream.RecvMsg(&wrapperspb.BytesValue{}); status.Code(err) != codes.Canceled {
			t.Errorf("received %v", err)
		}
		if !<-free {
			t.Error("the lane cannot be used again")
		}
	})
}

// After the end of a call SendMsg returns io.EOF, also when its context has ended since.
func TestSendAfterEnd(t *testing.T) {
	conn := pair(t, func(lane.Headers, grpc.ServerStream) error { return status.Error(codes.PermissionDenied, "no") })
	ctx, cancel := context.WithCancel(t.Context())
	stream, free := open(t, ctx, conn)
	if err := stream.RecvMsg(&wrapperspb.BytesValue{}); status.Code(err) != codes.PermissionDenied {
		t.Errorf("received %v", err)
	}
	cancel()
	for range 100 {
		if err := stream.SendMsg(message(1)); !errors.Is(err, io.EOF) {
			t.Fatalf("sent %v", err)
		}
	}
	if !<-free {
		t.Error("the lane cannot be used again")
	}
}
