package crash

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a tranship that runs.
type process struct {
	cmd      *exec.Cmd
	out, err bytes.Buffer
	// done is closed when it has ended; only then out, err and code may be
	// looked at.
	done chan struct{}
	code int
}

// start runs a command line; what still runs when the test ends is killed.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary(), args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		err := p.cmd.Wait()
		p.code = p.cmd.ProcessState.ExitCode()
		if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
			fmt.Fprintln(&p.err, err)
		}
	}()
	t.Cleanup(p.kill)
	return p
}

// kill ends the process as a crash would, without a chance to clean up.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // It may have ended by itself.
	<-p.done
}

// wait waits for the end.
func (p *process) wait(t *testing.T, limit time.Duration) int {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(limit):
		_ = p.cmd.Process.Signal(syscall.SIGQUIT)
		<-p.done
		t.Fatalf("%q has not ended after %v:\n%s", p.cmd.Args, limit, p.err.String())
	}
	return p.code
}

// succeeds waits for the end, which must be a good one.
func (p *process) succeeds(t *testing.T, limit time.Duration) {
	t.Helper()
	if code := p.wait(t, limit); code != 0 {
		t.Fatalf("%q: exit code %d: %s", p.cmd.Args, code, p.err.String())
	}
}

// began waits for the end, and is false if the server died while the process
// connected or planned, before it had a file to tell of: that is not waited for, and
// the same command is to be run again.
func (p *process) began(t *testing.T, limit time.Duration) bool {
	t.Helper()
	return p.wait(t, limit) == 0 || p.out.Len() > 0
}

// result is what cp --json prints of one file.
type result struct {
	Path         string `json:"path"`
	Size         *int64 `json:"size"`
	SentBytes    int64  `json:"sent_bytes"`
	SkippedBytes int64  `json:"skipped_bytes"`
	Error        string `json:"error"`
}

// results are those of a cp --json that has ended.
func (p *process) results(t *testing.T) []result {
	t.Helper()
	var results []result
	for line := range strings.Lines(p.out.String()) {
		var r result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q printed %q: %v", p.cmd.Args, line, err)
		}
		results = append(results, r)
	}
	return results
}

// peak is the most memory that the process has had resident so far, in bytes; 0
// where the system does not tell.
func (p *process) peak() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	match := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if match == nil {
		return 0
	}
	kibibytes, _ := strconv.ParseInt(string(match[1]), 10, 64)
	return kibibytes << 10
}

// server is a tranship serve.
type server struct {
	*process
	address string
}

// startServer returns once the server is ready.
func startServer(t *testing.T, root string, flags ...string) *server {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready")
	args := append([]string{"serve", "--root", root, "--listen", "127.0.0.1:0", "--ready-file", ready}, flags...)
	s := &server{process: start(t, args...)}
	poll := time.NewTicker(2 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-poll.C:
			if data, err := os.ReadFile(ready); err == nil && bytes.HasSuffix(data, []byte("\n")) {
				s.address = strings.TrimSpace(string(data))
				return s
			}
		case <-s.done:
			t.Fatalf("the server did not start: %s", s.err.String())
		}
	}
}

// stop ends the server in good order.
func (s *server) stop(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("the server has ended: %v\n%s", err, s.err.String())
	}
	s.succeeds(t, time.Minute)
}
