package lanes_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/testing/pipenet"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/grpcadmission"
	"github.com/tranship/tranship/server/internal/lanes"
)

// site is a server whose lanes serve the methods of calls.
type site struct {
	*calls
	door    *admission.Door
	adapter *grpcadmission.Adapter
	lanes   *lanes.Server
	grpc    *grpc.Server
	network *pipenet.Network
	served  chan error
}

// calls are the methods of the service Test.
type calls struct {
	// waiting receives when wait has begun, and ended why it ends.
	waiting chan struct{}
	ended   chan error
	// hang is closed when hang may end.
	hang chan struct{}
}

// echo replies to each message with the caller and its address.
func (c *calls) echo(stream grpc.ServerStream) error {
	for {
		if err := stream.RecvMsg(&wrapperspb.BytesValue{}); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		p := access.FromContext(stream.Context())
		who := p.Source + "/" + p.Name + " at " + access.PeerFromContext(stream.Context()).String()
		if err := stream.SendMsg(wrapperspb.Bytes([]byte(who))); err != nil {
			return err
		}
	}
}

// wait waits until the call has ended.
func (c *calls) wait(stream grpc.ServerStream) error {
	c.waiting <- struct{}{}
	var err error
	for err == nil {
		err = stream.RecvMsg(&wrapperspb.BytesValue{})
	}
	<-stream.Context().Done()
	c.ended <- stream.Context().Err()
	if errors.Is(err, io.EOF) {
		return stream.Context().Err()
	}
	return err
}

// hang does not notice that the call has ended.
func (c *calls) hangs(grpc.ServerStream) error {
	c.waiting <- struct{}{}
	<-c.hang
	c.ended <- nil
	return nil
}

// flood sends messages of 1 MiB until that fails.
func (c *calls) flood(stream grpc.ServerStream) error {
	c.waiting <- struct{}{}
	for {
		if err := stream.SendMsg(wrapperspb.Bytes(make([]byte, 1<<20))); err != nil {
			c.ended <- stream.Context().Err()
			return err
		}
	}
}

func (c *calls) description() *grpc.ServiceDesc {
	description := &grpc.ServiceDesc{ServiceName: "Test", HandlerType: (*any)(nil)}
	for name, handle := range map[string]func(grpc.ServerStream) error{"echo": c.echo, "wait": c.wait, "hang": c.hangs, "flood": c.flood} {
		description.Streams = append(description.Streams, grpc.StreamDesc{
			StreamName: name, ClientStreams: true, ServerStreams: true,
			Handler: func(_ any, stream grpc.ServerStream) error { return handle(stream) },
		})
	}
	return description
}

// newSite returns a site that is not served yet.
func newSite(options admission.Options, transport credentials.TransportCredentials) *site {
	door := admission.New(options)
	s := &site{
		calls: &calls{waiting: make(chan struct{}, 100), ended: make(chan error, 100), hang: make(chan struct{})},
		door:  door, adapter: grpcadmission.New(door, grpcadmission.Options{}), network: pipenet.New(), served: make(chan error, 1),
	}
	s.lanes = lanes.New(lanes.Options{Instance: "instance", Limits: door.Limits(), Unknown: s.adapter.Unknown})
	s.grpc = grpc.NewServer(append(s.adapter.ServerOptions(), grpc.Creds(s.adapter.LaneCredentials(transport, s.lanes.Take)))...)
	s.adapter.Registrar(s.lanes).RegisterService(s.description(), nil)
	return s
}

// serve serves a listener until stop is called.
func (s *site) serve(listener net.Listener) {
	go func() { s.served <- s.grpc.Serve(s.adapter.Listener(listener)) }()
}

func (s *site) stop(t *testing.T) {
	t.Helper()
	s.lanes.Stop()
	s.grpc.Stop()
	if err := <-s.served; err != nil {
		t.Error(err)
	}
	s.adapter.Wait()
	if !s.door.Memory().Idle() {
		t.Error("when all calls have ended, memory is in use")
	}
}

// inMemory serves callers without credentials on connections in memory, until the test ends.
func inMemory(t *testing.T, options admission.Options) *site {
	t.Helper()
	options.Anonymous = true
	s := newSite(options, insecure.NewCredentials())
	s.serve(s.network)
	t.Cleanup(func() { s.stop(t) })
	return s
}

// connect returns a connection to a site in memory.
func (s *site) connect(t *testing.T) net.Conn {
	t.Helper()
	conn, err := s.network.Dial(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// dial returns a lane to a site in memory.
func (s *site) dial(t *testing.T) *lane.Conn {
	t.Helper()
	return laneOver(t, s.connect(t))
}

func laneOver(t *testing.T, conn net.Conn) *lane.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	l, err := lane.Dial(ctx, conn, lane.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if l.Instance() != "instance" {
		t.Errorf("the instance is %q", l.Instance())
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// call is the client's end of a call, and whether its lane is free again.
type call struct {
	*lane.ClientStream
	free chan bool
}

// open begins a call.
func open(ctx context.Context, t *testing.T, l *lane.Conn, headers lane.Headers) call {
	t.Helper()
	free := make(chan bool, 1)
	stream, err := l.Open(ctx, headers, func(reusable bool) { free <- reusable })
	if err != nil {
		t.Fatal(err)
	}
	return call{stream, free}
}

// exchange sends a message, and returns the reply.
func (c call) exchange() (string, error) {
	_ = c.SendMsg(wrapperspb.Bytes([]byte("x"))) // receiving tells why it failed
	var reply wrapperspb.BytesValue
	err := c.RecvMsg(&reply)
	return string(reply.GetValue()), err
}

// end ends a call, and returns its outcome, nil for success.
func (c call) end() error {
	_ = c.CloseSend()
	return c.outcome()
}

// outcome waits for the end of a call.
func (c call) outcome() error {
	for {
		if err := c.RecvMsg(&wrapperspb.BytesValue{}); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// frame returns the bytes of a frame.
func frame(kind byte, payload ...byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(payload))), payload...)
}

// headers returns the frame that begins a call.
func headers(method string) []byte {
	encoded, err := proto.Marshal(&transhipv1.LaneHeaders{Method: method})
	if err != nil {
		panic(err)
	}
	return frame(1, encoded...)
}

// greeted is what a server sends first.
func greeted() []byte { return []byte(lane.Preface + "\x08instance") }

// readAll reads until the server closes the connection, and returns what came after the
// preface.
func readAll(t *testing.T, conn net.Conn) []byte {
	t.Helper()
	all, _ := io.ReadAll(conn) // a reset is an end as well
	rest, ok := bytes.CutPrefix(all, greeted())
	if !ok && len(all) > 0 {
		t.Errorf("the server greets with %q", all)
	}
	return rest
}
