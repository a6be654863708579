package main

import (
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A server tells the service manager when it accepts connections, and when it stops.
func TestServiceManager(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	if err := manager.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	told := func(want string) {
		t.Helper()
		data := make([]byte, 1000)
		n, err := manager.Read(data)
		if err != nil || string(data[:n]) != want {
			t.Errorf("the service manager was told %q, %v; want %q", data[:n], err, want)
		}
	}
	cmd := built().Command(t.Context())
	cmd.Env = append(cmd.Environ(), "NOTIFY_SOCKET="+socket)
	server, _, _ := serveProgram(t, cmd)
	told("READY=1")
	server.Signal(t, syscall.SIGTERM)
	told("STOPPING=1")
	if code := server.Code(); code != 0 {
		t.Errorf("exit code %d: %s", code, server.err.String())
	}
}

// A server that cannot tell the service manager does not start: the manager would wait for it
// until it kills it.
func TestServiceManagerGone(t *testing.T) {
	t.Parallel()
	cmd := built().Command(t.Context(), "serve", "--root", t.TempDir(), "--listen", "127.0.0.1:0")
	cmd.Env = append(cmd.Environ(), "NOTIFY_SOCKET="+filepath.Join(t.TempDir(), "missing"))
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "NOTIFY_SOCKET: ") {
		t.Errorf("%v: %s", err, out)
	}
}
