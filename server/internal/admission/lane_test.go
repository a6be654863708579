package admission_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/grpcadmission"
	"github.com/tranship/tranship/server/internal/lanes"
)

// laneTransport is lanes, on the port of a grpc.Server. All calls stream: one with one message
// sends it, and receives the answer.
type laneTransport struct{}

func (laneTransport) serve(t *testing.T, door *admission.Door) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	adapter := grpcadmission.New(door, grpcadmission.Options{})
	laneServer := lanes.New(lanes.Options{Limits: door.Limits(), Unknown: adapter.Unknown})
	server := grpc.NewServer(append(adapter.ServerOptions(), grpc.Creds(adapter.LaneCredentials(insecure.NewCredentials(), laneServer.Take)))...)
	description := &grpc.ServiceDesc{ServiceName: "Test", HandlerType: (*any)(nil)}
	for _, method := range []string{echo, fail, crash} {
		description.Streams = append(description.Streams, grpc.StreamDesc{
			StreamName: method, ClientStreams: true, ServerStreams: true,
			Handler: func(_ any, stream grpc.ServerStream) error {
				s := grpcServing{stream}
				if err := s.receive(); err != nil {
					return err
				}
				text, err := unary(stream.Context(), method)
				if err != nil {
					return rpcstatus.Error(err)
				}
				return s.send(text)
			},
		})
	}
	for _, method := range []string{chat, upload} {
		description.Streams = append(description.Streams, grpc.StreamDesc{
			StreamName: method, ClientStreams: true, ServerStreams: method == chat,
			Handler: func(_ any, stream grpc.ServerStream) error { return streaming(method, grpcServing{stream}) },
		})
	}
	adapter.Registrar(laneServer).RegisterService(description, nil)
	done := make(chan error, 1)
	go func() { done <- server.Serve(adapter.Listener(listener)) }()
	t.Cleanup(func() {
		laneServer.Stop()
		server.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

func (laneTransport) connect(t *testing.T, address string) connection {
	t.Helper()
	c := &laneConnection{t: t}
	raw, err := net.Dial("tcp", address)
	if err == nil {
		t.Cleanup(func() { raw.Close() })
		c.conn, err = lane.Dial(testContext(t), raw, lane.Options{})
	}
	if err != nil {
		c.err = fmt.Errorf("%w: %v", tranship.ErrUnavailable, err)
		return c
	}
	t.Cleanup(c.close)
	return c
}

// laneConnection is a lane, or err is why there is none.
type laneConnection struct {
	t    *testing.T
	conn *lane.Conn
	err  error
}

func (c *laneConnection) close() { _ = c.conn.Close() }

// begin begins a call. The channel receives whether the lane can have another.
func (c *laneConnection) begin(ctx context.Context, method, token string) (stream, <-chan bool, error) {
	if c.err != nil {
		return nil, nil, c.err
	}
	headers := lane.Headers{Method: "/Test/" + method}
	if token != "" {
		headers.Metadata = metadata.Pairs("authorization", "Bearer "+token)
	}
	released := make(chan bool, 1)
	s, err := c.conn.Open(ctx, headers, func(reusable bool) { released <- reusable })
	return grpcStream{s}, released, rpcstatus.FromError(err)
}

func (c *laneConnection) open(ctx context.Context, method, token string) (stream, error) {
	s, _, err := c.begin(ctx, method, token)
	return s, err
}

func (c *laneConnection) call(ctx context.Context, method, token string) (string, error) {
	s, released, err := c.begin(ctx, method, token)
	if err != nil {
		return "", err
	}
	text, err := s.exchange()
	if err == nil {
		if _, end := s.receive(); !errors.Is(end, io.EOF) {
			err = end
		}
	}
	// Only a client that is known may have a lane without a call.
	if reusable, want := <-released, !errors.Is(err, tranship.ErrUnauthenticated); reusable != want {
		c.t.Errorf("after a call of %s that ended with %v, the lane can be used again: %v", method, err, reusable)
	}
	return text, err
}
