package main

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/program"
)

// command is a command line that runs in this process.
type command struct {
	out  bytes.Buffer
	err  program.Output
	code chan int
}

func start(ctx context.Context, in io.Reader, args ...string) *command {
	code := make(chan int, 1)
	c := &command{code: code}
	go func() { code <- run(ctx, args, console.Streams{In: in, Out: &c.out, Err: &c.err}) }()
	return c
}

// serveFor runs serve until the context ends; it returns the root and the address.
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

// output runs a command line in this process that must exit with code, and returns what it
// prints.
func output(t *testing.T, code int, args ...string) (out, err string) {
	t.Helper()
	c := start(t.Context(), nil, args...)
	if got := <-c.code; got != code {
		t.Fatalf("%q: exit code %d, want %d: %s", args, got, code, c.err.String())
	}
	return c.out.String(), c.err.String()
}

// fails runs a command that must fail and print one line that contains all words.
func fails(t *testing.T, code int, words []string, args ...string) {
	t.Helper()
	c := start(t.Context(), nil, args...)
	if got := <-c.code; got != code {
		t.Errorf("%q: exit code %d, want %d", args, got, code)
	}
	text := c.err.String()
	if strings.Count(text, "\n") != 1 {
		t.Errorf("%q: want one line, got: %s", args, text)
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q: %s lacks %q", args, text, word)
		}
	}
}

// built returns the real program, which testscript puts into the PATH.
func built() program.Program { return program.At("tranship") }

// process is the real program in a process of its own.
type process struct {
	*program.Process
	err program.Output
}

func startProgram(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{}
	cmd := built().Command(t.Context(), args...)
	cmd.Stderr = &p.err
	p.Process = program.Start(t, cmd)
	return p
}

// end sends a signal to the program, which must fail, and returns its exit code.
func (p *process) end(t *testing.T, signal syscall.Signal) (code int) {
	t.Helper()
	p.Signal(t, signal)
	code = p.Code()
	if code == 0 {
		t.Fatalf("exit code 0: %s", p.err.String())
	}
	return code
}

// poll waits until a condition holds, for a minute at most. what names it.
func poll(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); !holds(); {
		if time.Since(begun) > time.Minute {
			t.Fatalf("no %s after a minute", what)
		}
		<-tick.C
	}
}

const largeBytes = 32 << 20

// slowServer serves a directory at two addresses: address, and slow, whose connections
// transfer 4 MiB/s.
func slowServer(t *testing.T) (root, address, slow string) {
	t.Helper()
	_, root, address = serveFor(t.Context(), t)
	link := faultproxy.Faults{BytesPerSecond: 4 << 20}
	proxy, err := faultproxy.Listen(address, func(int) faultproxy.Link { return faultproxy.Link{Up: link, Down: link} })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	return root, "grpc://" + address, "grpc://" + proxy.Address()
}

// largeFile writes a file that takes some seconds on a slow link, and returns its content.
func largeFile(t *testing.T, name string) []byte {
	t.Helper()
	content := make([]byte, largeBytes)
	_, _ = rand.NewChaCha8([32]byte{}).Read(content)
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return content
}

func sameContent(t *testing.T, name string, want []byte) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes, %v; the content differs", name, len(got), err)
	}
}

// quarter matches a progress line with a quarter done or more.
var quarter = regexp.MustCompile(`\((2[5-9]|[3-9].)%\)`)
