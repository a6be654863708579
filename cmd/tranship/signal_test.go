package main

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tranship/tranship/internal/testing/program"
)

// serveProgram starts a server in a process of its own, by a command that is followed by
// the arguments of serve. It returns the process, its address and its ready file.
func serveProgram(t *testing.T, cmd *exec.Cmd, args ...string) (p *process, address, ready string) {
	t.Helper()
	ready = filepath.Join(t.TempDir(), "ready")
	cmd.Args = append(cmd.Args, append([]string{"serve", "--root", t.TempDir(), "--listen", "127.0.0.1:0", "--ready-file", ready}, args...)...)
	p = &process{}
	if cmd.Stderr == nil {
		cmd.Stderr = &p.err
	}
	p.Process = program.Start(t, cmd)
	address, err := program.Ready(p.Done(), ready)
	if err != nil {
		t.Fatalf("%v: %s", err, p.err.String())
	}
	return p, address, ready
}

func isAbsent(name string) bool {
	_, err := os.Lstat(name)
	return errors.Is(err, fs.ErrNotExist)
}

// Each of the signals that end a server drains it, and a second one stops it at once. The
// ready file is removed in both cases.
func TestServeSignals(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		if signal.Ignored(sig) {
			continue // the children of this process ignore it, too
		}
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			server, _, ready := serveProgram(t, built().Command(t.Context()))
			server.Signal(t, sig)
			if code := server.Code(); code != 0 || !strings.Contains(server.err.String(), "msg=stopped") {
				t.Errorf("exit code %d: %s", code, server.err.String())
			}
			if !isAbsent(ready) {
				t.Error("the ready file is left")
			}
		})
		t.Run(sig.String()+" twice", func(t *testing.T) {
			t.Parallel()
			server, address, ready := serveProgram(t, built().Command(t.Context()), "--drain-timeout", "1h")
			upload, writer := underWay(t, address)
			server.Signal(t, sig)
			server.err.Await(t, "msg=draining")
			server.Signal(t, sig)
			if code := server.Code(); code != 1 || !strings.Contains(server.err.String(), "stopped at once by a second signal") {
				t.Errorf("exit code %d: %s", code, server.err.String())
			}
			if !isAbsent(ready) {
				t.Error("the ready file is left")
			}
			feed(writer)
			<-upload.code
			_ = writer.Close()
		})
	}
}

// A server that nohup started does not end with its terminal, and can be reloaded.
func TestServeNohup(t *testing.T) {
	t.Parallel()
	nohup, err := exec.LookPath("nohup")
	if err != nil {
		t.Skip(err)
	}
	cmd := built().Command(t.Context())
	cmd.Args = append([]string{nohup}, cmd.Path)
	cmd.Path = nohup
	server, address, _ := serveProgram(t, cmd)
	server.Signal(t, syscall.SIGHUP)
	server.err.Await(t, "the configuration was read again")
	output(t, 0, "ls", "grpc://"+address)
	server.Signal(t, syscall.SIGTERM)
	if code := server.Code(); code != 0 {
		t.Errorf("exit code %d: %s", code, server.err.String())
	}
}

// A server continues when the program that reads its log ends.
func TestServeWithoutLogReader(t *testing.T) {
	t.Parallel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := built().Command(t.Context())
	cmd.Stderr = writer
	server, address, ready := serveProgram(t, cmd)
	if err := errors.Join(reader.Close(), writer.Close()); err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(t.TempDir(), "source")
	largeFile(t, source)
	output(t, 0, "cp", source, "grpc://"+address+"/a") // which is a line of the log
	output(t, 0, "cp", source, "grpc://"+address+"/b")
	server.Signal(t, syscall.SIGTERM)
	if code := server.Code(); code != 0 || !isAbsent(ready) {
		t.Errorf("exit code %d", code)
	}
}

// The ready file of a server that was killed does not outlive the start of the next one,
// even if that fails.
func TestStaleReadyFile(t *testing.T) {
	t.Parallel()
	used, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = used.Close() })
	server, _, ready := serveProgram(t, built().Command(t.Context()))
	server.end(t, syscall.SIGKILL)
	if isAbsent(ready) {
		t.Fatal("a killed server removed its ready file")
	}
	output(t, 1, "serve", "--root", t.TempDir(), "--listen", used.Addr().String(), "--ready-file", ready)
	if !isAbsent(ready) {
		t.Error("the ready file of the killed server is left")
	}
}

// A server that fails to start leaves the ready file of the one that has its address.
func TestReadyFileOfRunning(t *testing.T) {
	t.Parallel()
	_, address, ready := serveProgram(t, built().Command(t.Context()))
	output(t, 1, "serve", "--root", t.TempDir(), "--listen", address, "--ready-file", ready)
	if text, err := os.ReadFile(ready); err != nil || string(text) != address+"\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// A server that stops leaves the ready file of the one that has taken its place.
func TestReadyFileOfSuccessor(t *testing.T) {
	old := &readyFile{name: filepath.Join(t.TempDir(), "ready")}
	next := &readyFile{name: old.name}
	if err := errors.Join(old.write("old"), next.removeStale(), next.write("next"), old.remove()); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(next.name); err != nil || string(text) != "next\n" {
		t.Errorf("%q, %v", text, err)
	}
	if err := errors.Join(next.remove(), next.remove()); err != nil || !isAbsent(next.name) {
		t.Errorf("not removed: %v", err)
	}
}

// The end of the terminal ends a copy as Ctrl-C does.
func TestCopyHangup(t *testing.T) {
	t.Parallel()
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("the children of this process ignore SIGHUP")
	}
	_, server, slow := slowServer(t)
	source := filepath.Join(t.TempDir(), "large")
	largeFile(t, source)
	copying := startProgram(t, "cp", source, slow+"/large")
	awaitDurable(t, server)
	if code := copying.end(t, syscall.SIGHUP); code != 1 {
		t.Errorf("exit code %d", code)
	}
	// A copy that takes longer than a second to stop says so first.
	want := "tranship: hangup signal received; run the same command again to resume\n"
	if text := copying.err.String(); !strings.HasSuffix(text, want) {
		t.Errorf("%q, want %q", text, want)
	}
}
