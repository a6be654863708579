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

// newRestartable starts a server with some files in directory s, which takes so few calls a
// second that a command for all of them is still under way when some are done.
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

// kill ends the server without a word. The proxy cuts what connects.
func (r *restartable) kill(t *testing.T) {
	t.Helper()
	if r.server.Ended() {
		t.Fatal("the server has ended by itself")
	}
	r.server.Kill()
}

// left is how many files there are in a directory.
func (r *restartable) left(directory string) int {
	entries, _ := os.ReadDir(filepath.Join(r.root, directory))
	return len(entries)
}

// place is a path on the server.
func (r *restartable) place(path string) string { return "grpc://" + r.proxy.Address() + "/" + path }

// A server that is killed in the middle of a command for many files, and comes back, is
// waited for: the command does the rest, and says that it had to.
func TestRestart(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args func(r *restartable) []string
		// files are so many that the command takes a while: rm removes them in one call.
		files, moved int
	}{
		"rm": {func(r *restartable) []string { return []string{"rm", "-v", "-r", r.place("s")} }, 20_000, 0},
		"mv": {func(r *restartable) []string { return []string{"mv", "-v", r.place("s"), r.place("t")} }, 600, 600},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRestartable(t, test.files)
			client := startProgram(t, test.args(r)...)
			poll(t, "some files are done", func() bool { return r.left("s") < test.files-20 })
			r.kill(t)
			if left := r.left("s"); left == 0 {
				t.Fatal("it was too late")
			}
			poll(t, "the command tries again", func() bool { return strings.Contains(client.err.String(), ": tried again in ") })
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

// A command that begins while a server restarts waits for it, as long as
// --connect-timeout says.
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
			args[len(args)-1] = r.place(args[len(args)-1])
			client := startProgram(t, append([]string{"-v", "--connect-timeout", "1m"}, args...)...)
			poll(t, "the command tries again", func() bool { return strings.Contains(client.err.String(), ": tried again in ") })
			r.proxy.SetServer(r.serve(t))
			if code := client.Code(); code != 0 {
				t.Fatalf("exit code %d: %s", code, client.err.String())
			}
		})
	}
}

// A list that a connection is lost in is whole.
func TestListThroughCut(t *testing.T) {
	t.Parallel()
	const files = 5000
	r := newRestartable(t, files)
	_, server := cutOnce(t, strings.TrimPrefix(strings.TrimSuffix(r.place(""), "/"), "grpc://"), faultproxy.Link{Down: faultproxy.Faults{CutAfter: new(int64(100 << 10))}})
	out, text := output(t, 0, "ls", "-v", "-r", server+"/s")
	var want strings.Builder
	for i := range files {
		fmt.Fprintf(&want, "f%04d\n", i)
	}
	if out != want.String() {
		t.Errorf("%d lines of %d: %s", strings.Count(out, "\n"), files, text)
	}
	if !strings.Contains(text, server+"/s: tried again in ") {
		t.Errorf("it does not say that it tried again: %q", text)
	}
}

// A signal ends a command that waits to try again, at once.
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
			client := startProgram(t, "rm", "-v", "-r", "--connect-timeout", "1m", r.place("s"))
			if when == "middle" {
				poll(t, "some files are done", func() bool { return r.left("s") < files-20 })
				r.kill(t)
			}
			poll(t, "the command tries again", func() bool { return strings.Contains(client.err.String(), ": tried again in ") })
			begun := time.Now()
			if code := client.end(t, syscall.SIGINT); code != 1 || time.Since(begun) > 5*time.Second {
				t.Errorf("exit code %d after %v: %s", code, time.Since(begun), client.err.String())
			}
		})
	}
}
