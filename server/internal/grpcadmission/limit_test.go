package grpcadmission_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/grpcadmission"
	"github.com/tranship/tranship/server/limit"
)

// serveLimited runs a server of the health service with limits, and returns its address.
func serveLimited(t *testing.T, limits limit.Options) string {
	t.Helper()
	adapter := grpcadmission.New(admission.New(admission.Options{Anonymous: true, Limits: limits}), grpcadmission.Options{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(append(adapter.ServerOptions(), grpc.Creds(adapter.Credentials(insecure.NewCredentials())))...)
	healthv1.RegisterHealthServer(adapter.Registrar(server), health.NewServer())
	done := make(chan error, 1)
	go func() { done <- server.Serve(adapter.Listener(listener)) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

func dial(t *testing.T, address string) healthv1.HealthClient {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return healthv1.NewHealthClient(conn)
}

func check(t *testing.T, client healthv1.HealthClient) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := client.Check(ctx, &healthv1.HealthCheckRequest{})
	return err
}

// eventually tries until there is no error.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal(err)
		}
	}
}

// attack is a client of its own making.
type attack struct {
	*testing.T
	net.Conn
	*http2.Framer
	read *bufio.Reader
}

// newAttack connects, with the preface if it is to.
func newAttack(t *testing.T, address string, preface bool) attack {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	a := attack{T: t, Conn: conn, read: bufio.NewReader(conn)}
	a.Framer = http2.NewFramer(conn, a.read)
	if preface {
		if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
			t.Fatal(err)
		}
		if err := a.WriteSettings(); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// closed reads all that comes until the server has closed the connection.
func (a attack) closed() {
	a.Helper()
	_, err := io.Copy(io.Discard, a.read)
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		a.Error("the server did not close the connection")
	}
}

// headers are those of a call.
func headers(t *testing.T) []byte {
	t.Helper()
	var block strings.Builder
	encoder := hpack.NewEncoder(&block)
	for _, field := range []hpack.HeaderField{
		{Name: ":method", Value: "POST"},
		{Name: ":scheme", Value: "http"},
		{Name: ":path", Value: healthv1.Health_Watch_FullMethodName},
		{Name: ":authority", Value: "x"},
		{Name: "content-type", Value: "application/grpc"},
	} {
		if err := encoder.WriteField(field); err != nil {
			t.Fatal(err)
		}
	}
	return []byte(block.String())
}

func TestConnections(t *testing.T) {
	for name, options := range map[string]limit.Options{
		"of a peer": {ConnectionsPerPeer: 2},
		"of all":    {Connections: 2},
	} {
		t.Run(name, func(t *testing.T) {
			address := serveLimited(t, options)
			first, second := newAttack(t, address, true), newAttack(t, address, true)
			newAttack(t, address, false).closed()
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			eventually(t, func() error { return check(t, dial(t, address)) })
			if err := second.WritePing(false, [8]byte{}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestHandshakeTime(t *testing.T) {
	address := serveLimited(t, limit.Options{HandshakeTime: 50 * time.Millisecond})
	newAttack(t, address, false).closed()
	if err := check(t, dial(t, address)); err != nil {
		t.Error(err)
	}
}

// Calls of one peer are counted over all its connections, until they end.
func TestStreamsPerPeer(t *testing.T) {
	address := serveLimited(t, limit.Options{StreamsPerPeer: 3})
	ctx, cancel := context.WithCancel(t.Context())
	for range 3 {
		stream, err := dial(t, address).Watch(ctx, &healthv1.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); err != nil {
			t.Fatal(err)
		}
	}
	err := check(t, dial(t, address))
	if status.Code(err) != codes.Unavailable || !names(err, tranship.LimitStreamsPerPeer) {
		t.Errorf("the fourth call: %v", err)
	}
	cancel()
	eventually(t, func() error { return check(t, dial(t, address)) })
}

// Headers that are too long are refused, by our own side already, where the server has
// said so.
func TestHeaderBytes(t *testing.T) {
	address := serveLimited(t, limit.Options{HeaderBytes: 4096})
	client := dial(t, address)
	if err := check(t, client); err != nil {
		t.Fatal(err)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "k", strings.Repeat("v", 5000))
	if _, err := client.Check(ctx, &healthv1.HealthCheckRequest{}); err == nil || !strings.Contains(err.Error(), "4096") {
		t.Error(err)
	}
}

// A client that begins calls too fast is refused before the calls cost anything, and is
// served again later.
func TestStreamsPerSecond(t *testing.T) {
	address := serveLimited(t, limit.Options{StreamsPerSecond: 20, CallsPerSecond: -1})
	client := dial(t, address)
	refused := 0
	for range 100 {
		if err := check(t, client); err != nil {
			if status.Code(err) != codes.Unavailable || !names(err, tranship.LimitStreamsPerSecond) {
				t.Fatal(err)
			}
			refused++
		}
	}
	if refused == 0 {
		t.Error("none of 100 calls was refused")
	}
	eventually(t, func() error { return check(t, client) })
}

// A call that is refused leaves nothing in memory, whatever deadline it has.
func TestRefusedCallsAreForgotten(t *testing.T) {
	address := serveLimited(t, limit.Options{StreamsPerPeer: 1, StreamsPerConnection: -1, StreamsPerSecond: -1, CallsPerSecond: -1, FramesPerSecond: -1})
	a := newAttack(t, address, true)
	var block strings.Builder
	encoder := hpack.NewEncoder(&block)
	const calls = 20_000
	ended := make(chan error, 1)
	go func() {
		for n := 0; n < calls-1; { // one is taken
			frame, err := a.ReadFrame()
			if err != nil {
				ended <- err
				return
			}
			if h, ok := frame.(*http2.HeadersFrame); ok && h.StreamEnded() {
				n++
			}
		}
		ended <- nil
	}()
	var before, after runtime.MemStats
	for n := range uint32(calls) {
		if n == 1000 {
			runtime.GC()
			runtime.ReadMemStats(&before)
		}
		block.Reset()
		for _, field := range []hpack.HeaderField{
			{Name: ":method", Value: "POST"},
			{Name: ":scheme", Value: "http"},
			{Name: ":path", Value: healthv1.Health_Watch_FullMethodName},
			{Name: ":authority", Value: "x"},
			{Name: "content-type", Value: "application/grpc"},
			{Name: "grpc-timeout", Value: "99999999H"},
		} {
			if err := encoder.WriteField(field); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.WriteHeaders(http2.HeadersFrameParam{StreamID: 2*n + 1, BlockFragment: []byte(block.String()), EndHeaders: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		runtime.GC()
		runtime.ReadMemStats(&after)
		if grown := int64(after.HeapObjects) - int64(before.HeapObjects); grown > calls/2 {
			return fmt.Errorf("%d calls that were refused left %d objects in memory", calls, grown)
		}
		return nil
	})
}

// names reports whether the status of a call names a limit.
func names(err error, limit tranship.Limit) bool {
	over, ok := errors.AsType[*tranship.LimitError](rpcstatus.FromError(err))
	return ok && over.Limit == limit
}
