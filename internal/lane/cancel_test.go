package lane_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tranship/tranship/internal/lane"
)

// A call that is cancelled ends at both ends, whatever they wait for. The lane can have another
// call unless a message was cut.
func TestCancel(t *testing.T) {
	untilDone := func(_ lane.Headers, s grpc.ServerStream) error { <-s.Context().Done(); return s.Context().Err() }
	var sending sync.WaitGroup
	for name, test := range map[string]struct {
		handle handler
		use    func(*lane.ClientStream)
	}{
		"while receiving": {echo, func(*lane.ClientStream) {}},
		"after the client's end": {func(headers lane.Headers, s grpc.ServerStream) error {
			if err := s.RecvMsg(&wrapperspb.BytesValue{}); !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			return untilDone(headers, s)
		}, func(s *lane.ClientStream) { _ = s.CloseSend() }},
		"while the client sends": {func(_ lane.Headers, s grpc.ServerStream) error {
			for {
				if err := s.RecvMsg(&wrapperspb.BytesValue{}); err != nil {
					return err
				}
			}
		}, func(s *lane.ClientStream) {
			sending.Go(func() {
				for s.SendMsg(message(1<<20)) == nil {
				}
			})
		}},
		"while the server sends": {func(_ lane.Headers, s grpc.ServerStream) error {
			if err := s.RecvMsg(&wrapperspb.BytesValue{}); !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			for {
				if err := s.SendMsg(message(1 << 20)); err != nil {
					return err
				}
			}
		}, func(s *lane.ClientStream) { _ = s.CloseSend() }},
	} {
		t.Run(name, func(t *testing.T) {
			began, ended := make(chan struct{}, 1), make(chan error, 1)
			conn := pair(t, func(headers lane.Headers, s grpc.ServerStream) error {
				began <- struct{}{}
				err := test.handle(headers, s)
				ended <- err
				return err
			})
			ctx, cancel := context.WithCancel(t.Context())
			stream, free := open(t, ctx, conn)
			<-began
			test.use(stream)
			cancel()
			if err := stream.RecvMsg(&wrapperspb.BytesValue{}); status.Code(err) != codes.Canceled {
				t.Errorf("received %v", err)
			}
			sending.Wait()
			if !<-free {
				t.Error("the lane cannot be used again")
			}
			if err := <-ended; err == nil {
				t.Error("the handler has not noticed")
			}
		})
	}
}

// A call whose client cannot send because the handler does not receive is cancelled in a bounded
// time. The handler notices when it receives.
func TestCancelNotReceived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		released, ended := make(chan struct{}), make(chan error, 1)
		client, server := net.Pipe()
		conn := pairOver(t, client, server, func(_ lane.Headers, s grpc.ServerStream) error {
			<-released
			for {
				if err := s.RecvMsg(&wrapperspb.BytesValue{}); err != nil {
					ended <- err
					return err
				}
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		stream, free := open(t, ctx, conn)
		sent := make(chan error, 1)
		go func() { sent <- stream.SendMsg(message(1 << 20)) }()
		synctest.Wait() // until the message is being written
		cancel()
		if err := stream.RecvMsg(&wrapperspb.BytesValue{}); status.Code(err) != codes.Canceled {
			t.Errorf("received %v", err)
		}
		if <-free {
			t.Error("a lane with half a message is free")
		}
		if err := <-sent; err == nil {
			t.Error("sent to a lane that has ended")
		}
		close(released)
		if err := <-ended; status.Code(err) != codes.Canceled {
			t.Errorf("the handler received %v", err)
		}
	})
}
