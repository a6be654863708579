package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"

	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// Commands fail soon, with one line, at an address without a server of the protocol.
func TestNoServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	other := grpc.NewServer()
	t.Cleanup(other.Stop)
	otherListener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = other.Serve(otherListener) }()

	for name, address := range map[string]string{
		"silent": silent.Addr().String(),
		"web":    web.Listener.Addr().String(),
		"other":  otherListener.Addr().String(),
	} {
		t.Run(name, func(t *testing.T) {
			location := "grpc://" + address + "/a.txt"
			timeout := "5s"
			if name == "silent" {
				timeout = "100ms"
			}
			begun := time.Now()
			fails(t, 1, []string{address}, "--connect-timeout", timeout, "ls", location)
			fails(t, 1, []string{address}, "--connect-timeout", timeout, "cp", file, location)
			fails(t, 1, []string{address}, "--connect-timeout", timeout, "cp", "--protocol", "filesrv", location, t.TempDir())
			fails(t, 1, []string{address}, "--connect-timeout", timeout, "cp", "--protocol", "filetransfer", file, location)
			if took := time.Since(begun); took > 15*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestServeHealthAndReflection(t *testing.T) {
	_, _, address := serveFor(t.Context(), t)
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	for _, service := range []string{"", "tranship.v1.FileService", "FileSrv", "FileTransfer.FileService"} {
		response, err := healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{Service: service})
		if err != nil || response.Status != healthv1.HealthCheckResponse_SERVING {
			t.Errorf("%q: %v, %v", service, response, err)
		}
	}
	reflection, err := reflectionv1.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, symbol := range []string{"tranship.v1.FileService", "FileSrv", "FileTransfer.FileService", "grpc.health.v1.Health"} {
		err := reflection.Send(&reflectionv1.ServerReflectionRequest{
			MessageRequest: &reflectionv1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: symbol},
		})
		if err != nil {
			t.Fatal(err)
		}
		response, err := reflection.Recv()
		if err != nil || response.GetFileDescriptorResponse() == nil {
			t.Errorf("%s: %v, %v", symbol, response, err)
		}
	}
}

// underWay begins an upload from a pipe, and returns when it has reached the server.
func underWay(t *testing.T, address string) (*command, *io.PipeWriter) {
	t.Helper()
	reader, writer := io.Pipe()
	c := start(t.Context(), reader, "cp", "-", "grpc://"+address+"/file")
	// This is more than the client reads ahead, so the upload has begun.
	if _, err := writer.Write(make([]byte, 8<<20)); err != nil {
		t.Fatal(err)
	}
	return c, writer
}

func TestServeDrains(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	server, root, address := serveFor(ctx, t)
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	watch, err := healthv1.NewHealthClient(conn).Watch(t.Context(), &healthv1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	status := func() healthv1.HealthCheckResponse_ServingStatus {
		response, err := watch.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return response.Status
	}
	if got := status(); got != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("before: %v", got)
	}
	upload, writer := underWay(t, address)
	stop()
	if got := status(); got != healthv1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("draining: %v", got)
	}
	// A Watch call must not keep the server from stopping.
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(ignore(writer.Write([]byte("end"))), writer.Close()); err != nil {
		t.Fatal(err)
	}
	if code := <-upload.code; code != 0 {
		t.Errorf("upload: exit code %d: %s", code, upload.err.String())
	}
	if code := <-server.code; code != 0 {
		t.Errorf("server: exit code %d: %s", code, server.err.String())
	}
	if info, err := os.Stat(filepath.Join(root, "file")); err != nil || info.Size() != 8<<20+3 {
		t.Errorf("%v, %v", info, err)
	}
}

func ignore(_ int, err error) error { return err }

// feed writes until the reader is closed: a command that reads from a pipe notices a lost
// server only when it has data to send.
func feed(writer *io.PipeWriter) {
	go func() {
		for data := make([]byte, 64<<10); ; {
			if _, err := writer.Write(data); err != nil {
				return
			}
		}
	}()
}

func TestServeDrainTimeout(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	server, root, address := serveFor(ctx, t, "--drain-timeout", "50ms")
	upload, writer := underWay(t, address)
	stop()
	if code := <-server.code; code != 1 || !strings.Contains(server.err.String(), "tranship: stopped with transfers under way") {
		t.Errorf("server: exit code %d: %s", code, server.err.String())
	}
	feed(writer)
	if code := <-upload.code; code != 1 || strings.Count(upload.err.String(), "\n") != 1 {
		t.Errorf("upload: exit code %d: %s", code, upload.err.String())
	}
	_ = writer.Close()
	if _, err := os.Stat(filepath.Join(root, "file")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
}

func TestServeSecondSignal(t *testing.T) {
	ctx, first := context.WithCancel(t.Context())
	s, err := server.New(ctx, server.Config{Store: &mem.Store{}, Anonymous: server.AnonymousWrite, DrainTimeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- runService(ctx, s, []net.Listener{listener}, time.Hour, &readyFile{}, nil, nil) }()
	upload, writer := underWay(t, listener.Addr().String())
	first()
	again := make(chan os.Signal, 1)
	again <- os.Interrupt
	stopOnNextSignal(s, again, nil)
	if err := <-served; err == nil || !strings.Contains(err.Error(), "second signal") {
		t.Errorf("error %v", err)
	}
	feed(writer)
	if code := <-upload.code; code != 1 {
		t.Errorf("upload: exit code %d: %s", code, upload.err.String())
	}
	_ = writer.Close()
}

// A server with --min-free refuses a file before its data is sent.
func TestMinFree(t *testing.T) {
	t.Parallel()
	_, _, address := serveFor(t.Context(), t, "--min-free", "1000000TiB")
	source := filepath.Join(t.TempDir(), "large")
	largeFile(t, source)
	fails(t, 1, []string{"no space left"}, "cp", source, "grpc://"+address)
}

func TestListenAddress(t *testing.T) {
	for listen, want := range map[string]bool{
		"127.0.0.1:0": true, "[::1]:0": true, "127.1.2.3:5": true, "localhost:0": true,
		":0": false, "0.0.0.0:0": false, "[::]:0": false, "192.0.2.1:0": false,
	} {
		address, err := listenAddress("listen", listen)
		if err != nil || address.IP.IsLoopback() != want {
			t.Errorf("%s: %v, %v", listen, address, err)
		}
	}
}
