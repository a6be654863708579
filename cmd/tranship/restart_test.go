package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/program"
)

// restartable is a server in a process of its own, behind a proxy whose address stays.
type restartable struct {
	root   string
	proxy  *faultproxy.Proxy
	server *program.Server
}

// newRestartable starts a server with some files in directory s. It accepts so few calls a
// second that a command for all files is still under way when some are done.
func newRestartable(t *testing.T, files int) *restartable {
	t.Helper()
	r := &restartable{root: t.TempDir()}
	if err := os.Mkdir(filepath.Join(r.root, "s"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range files {
		if err := os.WriteFile(filepath.Join(r.root, "s", fmt.Sprintf("f%04d", i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	address := r.serve(t, "--max-calls-per-second", "200", "--max-calls-burst", "50")
	proxy, err := faultproxy.Listen(address, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	r.proxy = proxy
	return r
}

func (r *restartable) serve(t *testing.T, flags ...string) (address string) {
	t.Helper()
	r.server = built().Serve(t, r.root, append([]string{"--durability", "written"}, flags...)...)
	return r.server.Address
}

// kill kills the server. The proxy then cuts all connections.
func (r *restartable) kill(t *testing.T) {
	t.Helper()
	if r.server.Ended() {
		t.Fatal("the server has ended by itself")
	}
	r.server.Kill()
}

// left returns the number of files in a directory.
func (r *restartable) left(directory string) int {
	entries, _ := os.ReadDir(filepath.Join(r.root, directory))
	return len(entries)
}

// url is the URL of a path on the server.
func (r *restartable) url(path string) string { return "grpc://" + r.proxy.Address() + "/" + path }

// A command for many files waits for a server that is killed and restarted, completes, and
// prints that it retried.
func TestRestart(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args func(r *restartable) []string
		// files is large enough for the command to take a while: rm removes them in one call.
		files, moved int
	}{
		"rm": {func(r *restartable) []string { return []string{"rm", "-v", "-r", r.url("s")} }, 20_000, 0},
		"mv": {func(r *restartable) []string { return []string{"mv", "-v", r.url("s"), r.url("t")} }, 600, 600},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRestartable(t, test.files)
			client := startProgram(t, test.args(r)...)
			poll(t, "some files", func() bool { return r.left("s") < test.files-20 })
			r.kill(t)
			if left := r.left("s"); left == 0 {
				t.Fatal("the command was done before the server was killed")
			}
			poll(t, "a retry", func() bool { return strings.Contains(client.err.String(), ": retrying in ") })
			r.proxy.SetServer(r.serve(t))
			if code := client.Code(); code != 0 {
				t.Fatalf("exit code %d: %s", code, client.err.String())
			}
			if left, moved := r.left("s"), r.left("t"); left != 0 || moved != test.moved {
				t.Errorf("%d files are left, and %d moved", left, moved)
			}
		})
	}
}

// A command that begins while a server restarts waits for it until --connect-timeout.
func TestRestartAtBegin(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"stat":    {"stat", "s/f0000"},
		"ls":      {"ls", "-r", "s"},
		"uploads": {"uploads", "ls", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRestartable(t, 1)
			r.kill(t)
			args[len(args)-1] = r.url(args[len(args)-1])
			client := startProgram(t, append([]string{"-v", "--connect-timeout", "1m"}, args...)...)
			poll(t, "a retry", func() bool { return strings.Contains(client.err.String(), ": retrying in ") })
			r.proxy.SetServer(r.serve(t))
			if code := client.Code(); code != 0 {
				t.Fatalf("exit code %d: %s", code, client.err.String())
			}
		})
	}
}

// A list is complete even if a connection is lost while it is read.
func TestListThroughCut(t *testing.T) {
	t.Parallel()
	const files = 5000
	r := newRestartable(t, files)
	_, server := cutOnce(t, strings.TrimPrefix(strings.TrimSuffix(r.url(""), "/"), "grpc://"), 0, faultproxy.Link{Down: faultproxy.Faults{CutAfter: new(int64(100 << 10))}})
	out, text := output(t, 0, "ls", "-v", "-r", server+"/s")
	var want strings.Builder
	for i := range files {
		fmt.Fprintf(&want, "f%04d\n", i)
	}
	if out != want.String() {
		t.Errorf("%d lines of %d: %s", strings.Count(out, "\n"), files, text)
	}
	if !strings.Contains(text, server+"/s: retrying in ") {
		t.Errorf("no retry is reported: %q", text)
	}
}

// A signal ends a command at once that waits before a retry.
func TestInterruptWhileAway(t *testing.T) {
	t.Parallel()
	for name, when := range map[string]string{"at begin": "begin", "in the middle": "middle"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const files = 600
			r := newRestartable(t, files)
			if when == "begin" {
				r.kill(t)
			}
			// mv has a call for each file, and cannot be done before the server is killed.
			client := startProgram(t, "mv", "-v", "--connect-timeout", "1m", r.url("s"), r.url("t"))
			if when == "middle" {
				poll(t, "some files", func() bool { return r.left("s") < files-20 })
				r.kill(t)
			}
			poll(t, "a retry", func() bool { return strings.Contains(client.err.String(), ": retrying in ") })
			begun := time.Now()
			if code := client.end(t, syscall.SIGINT); code != 1 || time.Since(begun) > 5*time.Second {
				t.Errorf("exit code %d after %v: %s", code, time.Since(begun), client.err.String())
			}
		})
	}
}
