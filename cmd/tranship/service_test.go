package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/internal/testing/program"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// command runs one command line in this process.
type command struct {
	out, err bytes.Buffer
	code     chan int
}

func start(ctx context.Context, in io.Reader, args ...string) *command {
	code := make(chan int, 1)
	c := &command{code: code}
	go func() { code <- run(ctx, args, console.Streams{In: in, Out: &c.out, Err: &c.err}) }()
	return c
}

// serveFor serves until the context ends; it returns the root and the address.
func serveFor(ctx context.Context, t *testing.T, args ...string) (c *command, root, address string) {
	t.Helper()
	root, ready := filepath.Join(t.TempDir(), "root"), filepath.Join(t.TempDir(), "ready")
	ctx, stop := context.WithCancel(ctx)
	c = start(ctx, nil, append([]string{"serve", "--root", root, "--listen", "127.0.0.1:0", "--ready-file", ready}, args...)...)
	done := make(chan struct{})
	code := c.code
	c.code = make(chan int, 1)
	go func() {
		defer close(done)
		c.code <- <-code
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	address, err := program.Ready(done, ready)
	if err != nil {
		t.Fatalf("%v: %s", err, c.err.String())
	}
	return c, root, address
}

// fails runs a command that must fail with one line, which has the words.
func fails(t *testing.T, code int, words []string, args ...string) {
	t.Helper()
	c := start(t.Context(), nil, args...)
	if got := <-c.code; got != code {
		t.Errorf("%q: exit code %d, want %d", args, got, code)
	}
	text := c.err.String()
	if strings.Count(text, "\n") != 1 {
		t.Errorf("%q: not one line: %s", args, text)
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q: %s does not say %q", args, text, word)
		}
	}
}

// What is not a server of the protocol is one clear line, soon.
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
			place := "grpc://" + address + "/a.txt"
			timeout := "5s"
			if name == "silent" {
				timeout = "100ms"
			}
			begun := time.Now()
			fails(t, 1, []string{address}, "--connect-timeout", timeout, "ls", place)
			fails(t, 1, []string{address}, "--connect-timeout", timeout, "cp", file, place)
			fails(t, 1, []string{address}, "--connect-timeout", timeout, "cp", "--protocol", "filesrv", place, t.TempDir())
			fails(t, 1, []string{address}, "--connect-timeout", timeout, "cp", "--protocol", "filetransfer", file, place)
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

// underWay begins an upload from a pipe, and returns once the server has it.
func underWay(t *testing.T, address string) (*command, *io.PipeWriter) {
	t.Helper()
	reader, writer := io.Pipe()
	c := start(t.Context(), reader, "cp", "-", "grpc://"+address+"/file")
	// More than the client reads ahead, so that the upload has begun for sure.
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
	// A watcher of health must not hold the server up for ever.
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

// feed writes until nobody reads: a command that reads from a pipe notices that its
// server has gone when there is something to send.
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
	go func() { served <- runService(ctx, s, listener, time.Hour, "") }()
	upload, writer := underWay(t, listener.Addr().String())
	first()
	again := make(chan os.Signal, 1)
	again <- os.Interrupt
	stopAgain(s, again, nil)
	if err := <-served; err == nil || !strings.Contains(err.Error(), "second signal") {
		t.Errorf("error %v", err)
	}
	feed(writer)
	if code := <-upload.code; code != 1 {
		t.Errorf("upload: exit code %d: %s", code, upload.err.String())
	}
	_ = writer.Close()
}

// A client that is interrupted leaves nothing behind.
func TestCopyInterrupted(t *testing.T) {
	_, root, address := serveFor(t.Context(), t)
	reader, writer := io.Pipe()
	ctx, interrupt := context.WithCancelCause(t.Context())
	c := start(ctx, reader, "cp", "-", "grpc://"+address+"/file")
	if _, err := writer.Write(make([]byte, 8<<20)); err != nil {
		t.Fatal(err)
	}
	interrupt(errors.New("interrupted"))
	if code := <-c.code; code != 1 || c.err.String() != "tranship: interrupted\n" {
		t.Errorf("exit code %d: %s", code, c.err.String())
	}
	_ = writer.Close()
	if _, err := os.Stat(filepath.Join(root, "file")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
}

// cutter passes connections on to a server, and cuts each of the first ones off
// after so many bytes.
func cutter(t *testing.T, server string, connections int, after int64) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		all.Wait()
	})
	all.Go(func() {
		for n := 0; ; n++ {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", server)
			if err != nil {
				_ = from.Close()
				return
			}
			limit := after
			if n >= connections {
				limit = 1 << 40
			}
			end := func() { _, _ = from.Close(), to.Close() }
			pass := func(to, from net.Conn) {
				_, _ = io.CopyN(to, from, limit)
				end()
			}
			all.Go(func() { pass(to, from) })
			all.Go(func() { pass(from, to) })
		}
	})
	return listener.Addr().String()
}

// Connections that are cut cost time and nothing else.
func TestCopyThroughCuts(t *testing.T) {
	_, root, server := serveFor(t.Context(), t)
	local := t.TempDir()
	for i := range 20 {
		if err := os.WriteFile(filepath.Join(local, fmt.Sprint(i)), make([]byte, 1000*i), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(local, "large"), make([]byte, 9<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"cp", "-r", local, "grpc://" + cutter(t, server, 2, 5<<20) + "/tree"},
		{"cp", "-r", "grpc://" + cutter(t, server, 2, 5<<20) + "/tree", filepath.Join(t.TempDir(), "back")},
	} {
		c := start(t.Context(), nil, args...)
		if code := <-c.code; code != 0 {
			t.Fatalf("%q: exit code %d: %s", args, code, c.err.String())
		}
		to := args[3]
		if strings.HasPrefix(to, "grpc:") {
			to = filepath.Join(root, "tree")
		}
		entries, err := os.ReadDir(to)
		if err != nil || len(entries) != 21 {
			t.Errorf("%q: %d files, %v", args, len(entries), err)
		}
		if info, err := os.Stat(filepath.Join(to, "large")); err != nil || info.Size() != 9<<20 {
			t.Errorf("%q: %v, %v", args, info, err)
		}
	}
}

func TestListenAddress(t *testing.T) {
	for listen, want := range map[string]bool{
		"127.0.0.1:0": true, "[::1]:0": true, "127.1.2.3:5": true, "localhost:0": true,
		":0": false, "0.0.0.0:0": false, "[::]:0": false, "192.0.2.1:0": false,
	} {
		address, err := listenAddress(listen)
		if err != nil || address.IP.IsLoopback() != want {
			t.Errorf("%s: %v, %v", listen, address, err)
		}
	}
}
