//go:build linux

package attack

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything here may take that is not to last.
const patience = 30 * time.Second

// process is a tranship serve that runs.
type process struct {
	cmd     *exec.Cmd
	address string
	err     output
	// done is closed when it has ended.
	done chan struct{}
}

// output is what a process prints while it runs. It is safe for concurrent use.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(data)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}

// startServer returns once the server is ready.
func startServer(t testing.TB, root string, flags ...string) *process {
	t.Helper()
	return startWrapped(t, nil, root, flags...)
}

// startWrapped is startServer with another command before the program's.
func startWrapped(t testing.TB, wrap []string, root string, flags ...string) *process {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready")
	args := append([]string{"serve", "--root", root, "--listen", "127.0.0.1:0", "--ready-file", ready, "--drain-timeout", "20s"}, flags...)
	command := append(append(wrap, program()), args...)
	p := &process{cmd: exec.Command(command[0], command[1:]...), done: make(chan struct{})}
	p.cmd.Stderr = &p.err
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // What it printed and its exit code say more.
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // It may have ended by itself.
		<-p.done
	})
	poll := time.NewTicker(2 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-poll.C:
			if data, err := os.ReadFile(ready); err == nil && bytes.HasSuffix(data, []byte("\n")) {
				p.address = strings.TrimSpace(string(data))
				return p
			}
		case <-p.done:
			t.Fatalf("the server did not start: %s", p.err.String())
		}
	}
}

// stop ends the server in good order, and looks whether it panicked or raced.
func (p *process) stop(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("the server has ended: %v", err)
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Signal(syscall.SIGQUIT)
		<-p.done
		t.Errorf("the server has not stopped:\n%s", p.err.String())
		return
	}
	said := p.err.String()
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("the server ended with exit code %d:\n%s", code, said)
	}
	for _, bad := range []string{"panic", "DATA RACE", "fatal error"} {
		if strings.Contains(said, bad) {
			t.Errorf("the server's log has %q:\n%s", bad, said)
		}
	}
}

// resident is how much memory the process has, in bytes, and the most it has had.
func (p *process) resident(t testing.TB) (now, peak int64) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	field := func(name string) int64 {
		match := regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(status)
		if match == nil {
			t.Fatalf("no %s in %s", name, status)
		}
		kibibytes, _ := strconv.ParseInt(string(match[1]), 10, 64)
		return kibibytes << 10
	}
	return field("VmRSS"), field("VmHWM")
}

// files is how many files and connections the process has open.
func (p *process) files(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
