package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/mem"
)

// TestDrainOfIdle drains a server whose clients have calls and connections without work:
// they end, and hold nothing up.
func TestDrainOfIdle(t *testing.T) {
	store := &mem.Store{}
	s := storeserver.New(t, store, server.Config{DrainTimeout: time.Hour, Limits: limit.Options{HandshakeTime: time.Hour}})
	listener := listen(t)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, listener) }()
	address := listener.Addr().String()
	conn := loopback.Dial(t, address)

	watches := make([]healthv1.Health_WatchClient, 0, 2)
	for _, service := range []string{"", "unknown"} {
		watch, err := healthv1.NewHealthClient(conn).Watch(testContext(t), &healthv1.HealthCheckRequest{Service: service})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := watch.Recv(); err != nil {
			t.Fatal(err)
		}
		watches = append(watches, watch)
	}
	reflection, err := reflectionv1.NewServerReflectionClient(conn).ServerReflectionInfo(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	question := &reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}}
	if err := reflection.Send(question); err != nil {
		t.Fatal(err)
	}
	if _, err := reflection.Recv(); err != nil {
		t.Fatal(err)
	}
	native := start(t, testContext(t), transhipv1.NewFileServiceClient(conn), put(1, "file", nil))
	receive(t, native)
	compat, err := filesrvv1.NewFileSrvClient(conn).UploadFile(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	early := []net.Conn{dial(t, address, ""), dial(t, address, http2.ClientPreface[:10]), dial(t, address, http2.ClientPreface)}

	stop()
	if answer, err := watches[0].Recv(); err != nil || answer.GetStatus() != healthv1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("the watch was told %v, %v; want NOT_SERVING", answer, err)
	}
	ended := map[string]error{"the native stream": ignore(native.Recv()), "filesrv": compat.RecvMsg(&filesrvv1.StringResponse{})}
	_, ended["reflection"] = reflection.Recv()
	for _, watch := range watches {
		_, ended["health"] = watch.Recv()
	}
	for name, err := range ended {
		if status.Code(err) != codes.Unavailable {
			t.Errorf("%s ended with %v, want UNAVAILABLE", name, err)
		}
	}
	for _, conn := range early {
		// gRPC greets first: what counts is that the connection ends.
		if _, err := io.Copy(io.Discard, conn); err != nil && !isReset(err) {
			t.Errorf("a connection without a client of gRPC: %v", err)
		}
	}
	if err := <-served; err != nil {
		t.Errorf("Serve returned %v", err)
	}
}

func ignore[T any](_ T, err error) error { return err }

func isReset(err error) bool {
	_, ok := errors.AsType[*net.OpError](err)
	return ok && !errors.Is(err, os.ErrDeadlineExceeded)
}

// dial connects to a server of gRPC and sends the beginning of what a client would. The
// connection fails after 20 s.
func dial(t *testing.T, address, beginning string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, beginning)
	if err := errors.Join(err, conn.SetDeadline(time.Now().Add(20*time.Second))); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestDrainTimeoutNames checks that the log names what a server cuts off, and nothing else.
func TestDrainTimeoutNames(t *testing.T) {
	var log bytes.Buffer
	s := storeserver.New(t, &mem.Store{}, server.Config{DrainTimeout: -1, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	listener := listen(t)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, listener) }()
	files := transhipv1.NewFileServiceClient(loopback.Dial(t, listener.Addr().String()))
	receive(t, start(t, testContext(t), files, begin(1, "file", nil)))
	stop()
	if err := <-served; !errors.Is(err, server.ErrDrainTimeout) {
		t.Errorf("Serve returned %v", err)
	}
	if text := log.String(); !strings.Contains(text, `calls="[/tranship.v1.FileService/Upload: 1]"`) {
		t.Errorf("the log does not name the upload: %s", text)
	}
}
