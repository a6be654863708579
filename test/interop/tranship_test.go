package interop

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serve runs tranship serve until the test ends, and returns its address and the
// directory that it serves.
func serve(t *testing.T, flags ...string) (address, root string) {
	t.Helper()
	root = t.TempDir()
	ready := filepath.Join(t.TempDir(), "ready")
	args := append([]string{"serve", "--root", root, "--listen", "127.0.0.1:0", "--ready-file", ready}, flags...)
	log := start(t, exec.Command(binary(), args...))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for poll := time.NewTicker(5 * time.Millisecond); ; {
		select {
		case <-poll.C:
			if data, err := os.ReadFile(ready); err == nil {
				return strings.TrimSpace(string(data)), root
			}
		case <-ctx.Done():
			t.Fatalf("tranship serve is not ready: %s", log())
		}
	}
}

// start runs a server until the test ends, when it must stop well. It returns what
// gets its output once it has ended.
func start(t *testing.T, cmd *exec.Cmd) (output func() string) {
	t.Helper()
	var buffer bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &buffer
	}
	cmd.Stderr = &buffer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := func() error {
		if cmd.ProcessState != nil {
			return nil
		}
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		return cmd.Wait()
	}
	t.Cleanup(func() {
		err := stop()
		// A program without a handler for the signal is ended by it.
		if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGTERM {
			err = nil
		}
		if err != nil || t.Failed() {
			t.Logf("%s: %v\n%s", cmd, err, buffer.String())
		}
		if err != nil {
			t.Errorf("%s did not stop well: %v", filepath.Base(cmd.Path), err)
		}
	})
	return func() string {
		_ = stop()
		return buffer.String()
	}
}

// tranship runs the program in dir, and returns its exit code and all its output.
func tranship(t *testing.T, dir string, args ...string) (code int, output string) {
	t.Helper()
	cmd := exec.Command(binary(), args...)
	cmd.Dir = dir
	return finish(t, cmd)
}

// finish runs a command to its end.
func finish(t *testing.T, cmd *exec.Cmd) (code int, output string) {
	t.Helper()
	data, err := cmd.CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(data)
}

// succeed fails the test unless a program did what it was told.
func succeed(t *testing.T, code int, output string) {
	t.Helper()
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
}

// place is a path on a server, as an argument of tranship.
func place(address, path string) string {
	return (&url.URL{Scheme: "grpc", Host: address, Path: "/" + path}).String()
}
