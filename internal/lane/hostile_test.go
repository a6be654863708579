package lane_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tranship/tranship/internal/lane"
)

// A first frame that trickles in ends the lane, and so does none.
func TestTrickle(t *testing.T) {
	for name, wait := range map[string]time.Duration{"by bytes": time.Second, "not at all": time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				var feeding sync.WaitGroup
				feeding.Go(func() { feedSlowly(client, headersFrame, wait) })
				conn, err := lane.Accept(server, lane.Options{})
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				begun := time.Now()
				if _, err := conn.AwaitHeaders(10*time.Second, 10*time.Second); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error(err)
				}
				if waited := time.Since(begun); waited > 21*time.Second {
					t.Errorf("waited %v", waited)
				}
				_ = conn.Close()
				feeding.Wait()
			})
		})
	}
}

// feedSlowly reads the preface of a server, and writes one byte at a time.
func feedSlowly(conn net.Conn, data []byte, pause time.Duration) {
	defer conn.Close()
	_, _ = io.ReadFull(conn, make([]byte, len(lane.Preface)+1))
	for i := range data {
		time.Sleep(pause) // of virtual time
		if _, err := conn.Write(data[i : i+1]); err != nil {
			return
		}
	}
}

// A server that goes away makes a lane lost, also between calls.
func TestGoAway(t *testing.T) {
	client, server := connect(t)
	accepted := make(chan *lane.Conn, 1)
	go func() {
		_, _ = io.ReadFull(server, make([]byte, len(lane.Preface)))
		conn, err := lane.Accept(server, lane.Options{})
		if err != nil {
			t.Error(err)
		}
		accepted <- conn
	}()
	conn, err := lane.Dial(t.Context(), client, lane.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	end := <-accepted
	defer end.Close()
	end.GoAway()
	<-conn.Lost()
	if _, err := conn.Open(t.Context(), lane.Headers{Method: "/service/method"}, func(bool) {}); !errors.Is(err, lane.ErrLost) {
		t.Error(err)
	}
}

// Other ends are not taken for servers of lanes.
func TestForeign(t *testing.T) {
	for _, answer := range []string{"HTTP/1.1 400 Bad Request\r\n\r\n", "\x00\x00\x12\x04\x00\x00\x00\x00\x00", lane.Preface + "\xff"} {
		client, server := net.Pipe()
		go feed(server, []byte(answer), 1)
		if _, err := lane.Dial(t.Context(), client, lane.Options{}); err == nil {
			t.Errorf("%q was taken", answer)
		} else if _, ok := errors.AsType[*lane.ProtocolError](err); !ok {
			t.Errorf("%q: %v", answer, err)
		}
		_ = client.Close()
	}
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, server) }()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if _, err := lane.Dial(ctx, client, lane.Options{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a silent server: %v", err)
		}
		_, _ = client.Close(), server.Close()
	})
}

// A message that is too large fails the call, and its sender learns why.
func TestTooLarge(t *testing.T) {
	conn := pair(t, echo)
	stream, free := open(t, t.Context(), conn)
	go func() { _ = stream.SendMsg(message(lane.DefaultMaxMessageBytes + 1)) }()
	if err := stream.RecvMsg(&wrapperspb.BytesValue{}); status.Code(err) != codes.ResourceExhausted {
		t.Error(err)
	}
	<-free
}
