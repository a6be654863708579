package program

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Server is a running "tranship serve" that is ready.
type Server struct {
	*Process
	// Address is its address, "host:port".
	Address string
}

// Serve starts "tranship serve" for a root, on a free port of the loopback interface, and
// returns once it is ready.
func (p Program) Serve(t testing.TB, root string, flags ...string) *Server {
	t.Helper()
	return p.ServeWrapped(t, nil, root, flags...)
}

// ServeWrapped is Serve with another command in front of the program's. That command must
// run the program in the same process.
func (p Program) ServeWrapped(t testing.TB, wrap []string, root string, flags ...string) *Server {
	t.Helper()
	return p.serve(t, func(cmd *exec.Cmd) *exec.Cmd {
		if len(wrap) == 0 {
			return cmd
		}
		wrapped := exec.Command(wrap[0], append(wrap[1:len(wrap):len(wrap)], cmd.Args...)...)
		wrapped.Env = cmd.Env
		return wrapped
	}, append([]string{"--root", root}, flags...))
}

// ServeStore is Serve for the store that flags name instead of a root. change, if not nil,
// changes the command before it starts, such as its environment.
func (p Program) ServeStore(t testing.TB, change func(*exec.Cmd), flags ...string) *Server {
	t.Helper()
	return p.serve(t, func(cmd *exec.Cmd) *exec.Cmd {
		if change != nil {
			change(cmd)
		}
		return cmd
	}, flags)
}

// serve starts a server by the command that prepare makes of its own.
func (p Program) serve(t testing.TB, prepare func(*exec.Cmd) *exec.Cmd, flags []string) *Server {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready")
	cmd := prepare(p.Command(context.Background(), append([]string{"serve", "--listen", "127.0.0.1:0", "--ready-file", ready}, flags...)...))
	s := &Server{Process: Start(t, cmd)}
	address, err := Ready(s.Done(), ready)
	if err != nil {
		s.Kill()
		t.Fatalf("%v: %s%s", err, s.Out.String(), s.Err.String())
	}
	s.Address = address
	return s
}

// readyTime is how long a server may take to become ready.
const readyTime = time.Minute

// Ready waits for the file that "tranship serve" writes when it is ready, and returns the
// address in it. It fails if ended is closed before.
func Ready(ended <-chan struct{}, file string) (address string, err error) {
	late := time.NewTimer(readyTime)
	defer late.Stop()
	poll := time.NewTicker(2 * time.Millisecond)
	defer poll.Stop()
	for {
		// The file is renamed to its name when it is complete.
		if content, err := os.ReadFile(file); err == nil {
			return strings.TrimSpace(string(content)), nil
		}
		select {
		case <-poll.C:
		case <-ended:
			return "", errors.New("the server did not start")
		case <-late.C:
			return "", errors.New("the server did not become ready in time")
		}
	}
}
