package lane_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tranship/tranship/internal/lane"
)

// handler serves a call on a lane.
type handler func(headers lane.Headers, stream grpc.ServerStream) error

// pair returns the two ends of a lane over TCP whose server serves calls with handle until the
// client closes it. The sockets have small buffers.
func pair(t *testing.T, handle handler) *lane.Conn {
	t.Helper()
	return pairOver(t, func(client net.Conn) net.Conn { return client }, handle)
}

// pairOver is pair over the connection that wrap returns for the client's.
func pairOver(t *testing.T, wrap func(net.Conn) net.Conn, handle handler) *lane.Conn {
	t.Helper()
	client, server := connect(t)
	var served sync.WaitGroup
	served.Go(func() { serve(t, server, handle) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := lane.Dial(ctx, wrap(client), lane.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if conn.Instance() != "instance" {
		t.Errorf("instance %q", conn.Instance())
	}
	t.Cleanup(func() {
		_ = conn.Close()
		served.Wait()
	})
	return conn
}

// connect returns the ends of a TCP connection.
func connect(t *testing.T) (client, server net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if client, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	for _, conn := range []net.Conn{client, server} {
		tcp := conn.(*net.TCPConn)
		if err := errors.Join(tcp.SetReadBuffer(32<<10), tcp.SetWriteBuffer(32<<10)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	return client, server
}

func serve(t *testing.T, raw net.Conn, handle handler) {
	preface := make([]byte, len(lane.Preface))
	if _, err := io.ReadFull(raw, preface); err != nil || string(preface) != lane.Preface {
		t.Errorf("preface %q, %v", preface, err)
	}
	conn, err := lane.Accept(raw, lane.Options{Instance: "instance"})
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	for {
		headers, err := conn.AwaitHeaders(time.Minute, time.Minute)
		if err != nil {
			return
		}
		stream := conn.Serve(t.Context())
		if !stream.Finish(handle(headers, stream)) {
			return
		}
	}
}

// open begins a call. free receives whether the lane can have another.
func open(t *testing.T, ctx context.Context, conn *lane.Conn) (stream *lane.ClientStream, free <-chan bool) {
	t.Helper()
	released := make(chan bool, 1)
	stream, err := conn.Open(ctx, lane.Headers{Method: "/service/method", Metadata: metadata.Pairs("key", "value", "key-bin", "\x00")}, func(reusable bool) { released <- reusable })
	if err != nil {
		t.Fatal(err)
	}
	return stream, released
}

func message(n int) *wrapperspb.BytesValue { return wrapperspb.Bytes(bytes.Repeat([]byte{'x'}, n)) }

// echo sends each message back.
func echo(_ lane.Headers, stream grpc.ServerStream) error {
	for {
		received := &wrapperspb.BytesValue{}
		if err := stream.RecvMsg(received); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(received); err != nil {
			return err
		}
	}
}

// Messages of all sizes go both ways, in several calls on one lane.
func TestEcho(t *testing.T) {
	conn := pair(t, func(headers lane.Headers, stream grpc.ServerStream) error {
		if headers.Method != "/service/method" || headers.Metadata.Get("key")[0] != "value" || headers.Metadata.Get("key-bin")[0] != "\x00" {
			t.Errorf("headers %+v", headers)
		}
		if err := stream.SetHeader(metadata.Pairs("from", "server")); err != nil {
			return err
		}
		stream.SetTrailer(metadata.Pairs("at", "end"))
		return echo(headers, stream)
	})
	for call := range 3 {
		stream, free := open(t, t.Context(), conn)
		for _, n := range []int{0, 1, 100, 4096, 60_000, 70_000, 1 << 20, 5, 1<<20 + 7, 200_000} {
			sent := make(chan error, 1)
			go func() { sent <- stream.SendMsg(message(n)) }()
			received := &wrapperspb.BytesValue{}
			if err := errors.Join(stream.RecvMsg(received), <-sent); err != nil || !bytes.Equal(received.Value, message(n).Value) {
				t.Fatalf("call %d: %d bytes: received %d, %v", call, n, len(received.Value), err)
			}
		}
		if header, err := stream.Header(); err != nil || header.Get("from")[0] != "server" {
			t.Errorf("header %v, %v", header, err)
		}
		if err := stream.CloseSend(); err != nil {
			t.Error(err)
		}
		if err := stream.RecvMsg(&wrapperspb.BytesValue{}); !errors.Is(err, io.EOF) {
			t.Errorf("at the end: %v", err)
		}
		if !<-free {
			t.Fatal("the lane cannot be used again")
		}
		if trailer := stream.Trailer(); trailer.Get("at")[0] != "end" {
			t.Errorf("trailer %v", trailer)
		}
	}
}

// Both directions may be full.
func TestFull(t *testing.T) {
	const messages = 50
	conn := pair(t, func(_ lane.Headers, stream grpc.ServerStream) error {
		sent := make(chan error, 1)
		go func() {
			for range messages {
				if err := stream.SendMsg(message(1 << 20)); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		for {
			if err := stream.RecvMsg(&wrapperspb.BytesValue{}); errors.Is(err, io.EOF) {
				return <-sent
			} else if err != nil {
				return err
			}
		}
	})
	stream, free := open(t, t.Context(), conn)
	go func() {
		for range messages {
			if err := stream.SendMsg(message(1 << 20)); err != nil {
				t.Error(err)
			}
		}
		_ = stream.CloseSend()
	}()
	for range messages {
		if err := stream.RecvMsg(&wrapperspb.BytesValue{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.RecvMsg(&wrapperspb.BytesValue{}); !errors.Is(err, io.EOF) || !<-free {
		t.Error(err)
	}
}

// The status of a call that ends while the client sends arrives, and the lane stays.
func TestEarlyStatus(t *testing.T) {
	conn := pair(t, func(lane.Headers, grpc.ServerStream) error { return status.Error(codes.PermissionDenied, "no") })
	for range 5 {
		stream, free := open(t, t.Context(), conn)
		sent := make(chan error, 1)
		go func() {
			for {
				if err := stream.SendMsg(message(1 << 20)); err != nil {
					sent <- err
					return
				}
			}
		}()
		if err := stream.RecvMsg(&wrapperspb.BytesValue{}); status.Code(err) != codes.PermissionDenied || status.Convert(err).Message() != "no" {
			t.Errorf("received %v", err)
		}
		if err := <-sent; !errors.Is(err, io.EOF) {
			t.Errorf("sent %v", err)
		}
		if !<-free {
			t.Fatal("the lane cannot be used again")
		}
	}
}

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
	released, ended := make(chan struct{}), make(chan error, 1)
	writing := make(chan struct{}, 1)
	conn := pairOver(t, func(client net.Conn) net.Conn { return signalling{client, writing} }, func(_ lane.Headers, s grpc.ServerStream) error {
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
	go func() {
		for {
			if err := stream.SendMsg(message(1 << 20)); err != nil {
				sent <- err
				return
			}
		}
	}()
	<-writing
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
	if err := <-ended; status.Code(err) != codes.Unavailable && status.Code(err) != codes.Canceled {
		t.Errorf("the handler received %v", err)
	}
}

// signalling is a connection that signals when it writes most of a large message.
type signalling struct {
	net.Conn
	writing chan struct{}
}

func (s signalling) Write(p []byte) (int, error) {
	if len(p) > 512<<10 {
		select {
		case s.writing <- struct{}{}:
		default:
		}
	}
	return s.Conn.Write(p)
}
