package interop

import (
	"errors"
	"net/url"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/tranship/tranship/internal/testing/program"
)

// serve runs tranship serve until the test ends, and returns its address and the
// directory that it serves.
func serve(t *testing.T, flags ...string) (address, root string) {
	t.Helper()
	root = t.TempDir()
	server := built.Serve(t, root, flags...)
	stopsWell(t, server.Process)
	return server.Address, root
}

// start runs a server until the test ends. It must stop cleanly then. output returns its
// output after that.
func start(t *testing.T, cmd *exec.Cmd) (output func() string) {
	t.Helper()
	p := program.Start(t, cmd)
	stop := stopsWell(t, p)
	return func() string {
		stop()
		return p.Out.String() + p.Err.String()
	}
}

// stopsWell stops a process when the test ends, unless stop is called before. The process
// must stop cleanly.
func stopsWell(t *testing.T, p *program.Process) (stop func()) {
	t.Helper()
	stop = func() {
		if !p.Ended() {
			_ = p.Cmd.Process.Signal(syscall.SIGTERM) // it may have ended
			<-p.Done()
		}
	}
	t.Cleanup(func() {
		stop()
		state := p.Cmd.ProcessState
		// SIGTERM ends a program that has no handler for it.
		well := state.Success() || state.Sys().(syscall.WaitStatus).Signal() == syscall.SIGTERM
		if !well || t.Failed() {
			t.Logf("%s: %v\n%s%s", p.Cmd, state, p.Out.String(), p.Err.String())
		}
		if !well {
			t.Errorf("%s did not stop well: %v", filepath.Base(p.Cmd.Path), state)
		}
	})
	return stop
}

// tranship runs the program in dir, and returns its exit code and its whole output.
func tranship(t *testing.T, dir string, args ...string) (code int, output string) {
	t.Helper()
	cmd := built.Command(t.Context(), args...)
	cmd.Dir = dir
	return finish(t, cmd)
}

// finish runs a command until it ends.
func finish(t *testing.T, cmd *exec.Cmd) (code int, output string) {
	t.Helper()
	data, err := cmd.CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(data)
}

// succeed fails the test unless a program succeeded.
func succeed(t *testing.T, code int, output string) {
	t.Helper()
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
}

// remoteURL returns the URL of a path on a server.
func remoteURL(address, path string) string {
	return (&url.URL{Scheme: "grpc", Host: address, Path: "/" + path}).String()
}
