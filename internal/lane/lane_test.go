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
	"github.com/tranship/tranship/internal/testing/loopback"
)

// handler serves a call on a lane.
type handler func(headers lane.Headers, stream grpc.ServerStream) error

// pair returns the client's end of a lane over TCP, with small buffers, whose server serves
// calls with handle until the client closes it.
func pair(t *testing.T, handle handler) *lane.Conn {
	t.Helper()
	client, server := connect(t)
	return pairOver(t, client, server, handle)
}

// pairOver is pair over the ends of a connection.
func pairOver(t *testing.T, client, server net.Conn, handle handler) *lane.Conn {
	t.Helper()
	var served sync.WaitGroup
	served.Go(func() { serve(t, server, handle) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := lane.Dial(ctx, client, lane.Options{})
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
	client, server = loopback.TCP(t)
	for _, conn := range []net.Conn{client, server} {
		tcp := conn.(*net.TCPConn)
		if err := errors.Join(tcp.SetReadBuffer(32<<10), tcp.SetWriteBuffer(32<<10)); err != nil {
			t.Fatal(err)
		}
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
