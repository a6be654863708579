package main

import (
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A server tells the service manager when it accepts connections, when it reads its settings again
// and has done so, also if they are refused, and when it stops.
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
	next := func() string {
		t.Helper()
		data := make([]byte, 1000)
		n, err := manager.Read(data)
		if err != nil {
			t.Error(err)
		}
		return string(data[:n])
	}
	told := func(want string) {
		t.Helper()
		if got := next(); got != want {
			t.Errorf("the service manager was told %q, want %q", got, want)
		}
	}
	name := configFile(t, "max-uploads: 9\n")
	cmd := built().Command(t.Context())
	cmd.Env = append(cmd.Environ(), "NOTIFY_SOCKET="+socket)
	server, _, _ := serveProgram(t, cmd, "--config", name)
	told("READY=1")
	for _, text := range []string{"max-uploads: 10\n", "max-uploads: many\n"} {
		rewrite(t, name, text)
		before := monotonic(t)
		server.Signal(t, syscall.SIGHUP)
		line, at, timed := strings.Cut(next(), "\nMONOTONIC_USEC=")
		when, err := strconv.ParseInt(at, 10, 64)
		if after := monotonic(t); line != "RELOADING=1" || !timed || err != nil || when < before || when > after {
			t.Errorf("the service manager was told %q at %q, %v; want a time from %d to %d", line, at, err, before, after)
		}
		told("READY=1")
	}
	server.Signal(t, syscall.SIGTERM)
	told("STOPPING=1")
	if code := server.Code(); code != 0 {
		t.Errorf("exit code %d: %s", code, server.err.String())
	}
}

// monotonic returns the time of the clock that service managers compare, in microseconds.
func monotonic(t *testing.T) int64 {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		t.Fatal(err)
	}
	return now.Nano() / 1000
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
