//go:build linux

package attack

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/program"
)

// patience bounds how long a step may take that should be short.
const patience = 30 * time.Second

// process is a running tranship serve.
type process struct {
	*program.Server
	address string
}

// startServer starts a server and returns once it is ready.
func startServer(t testing.TB, root string, flags ...string) *process {
	t.Helper()
	return startWrapped(t, nil, root, flags...)
}

// startWrapped is startServer with another command before the program's.
func startWrapped(t testing.TB, wrap []string, root string, flags ...string) *process {
	t.Helper()
	server := built.ServeWrapped(t, wrap, root, append([]string{"--drain-timeout", "20s"}, flags...)...)
	return &process{Server: server, address: server.Address}
}

// stop stops the server cleanly, and checks that it has neither panicked nor raced.
func (p *process) stop(t testing.TB) {
	t.Helper()
	if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("the server has ended: %v", err)
	}
	select {
	case <-p.Done():
	case <-time.After(patience):
		_ = p.Cmd.Process.Signal(syscall.SIGQUIT)
		<-p.Done()
		t.Errorf("the server has not stopped:\n%s", p.Err.String())
		return
	}
	said := p.Err.String()
	if code := p.Code(); code != 0 {
		t.Errorf("the server ended with exit code %d:\n%s", code, said)
	}
	for _, bad := range []string{"panic", "DATA RACE", "fatal error"} {
		if strings.Contains(said, bad) {
			t.Errorf("the server's log has %q:\n%s", bad, said)
		}
	}
}

// resident returns the resident memory of the process in bytes, and its peak.
func (p *process) resident(t testing.TB) (now, peak int64) {
	t.Helper()
	now, peak, err := p.Memory()
	if err != nil {
		t.Fatal(err)
	}
	return now, peak
}

// files returns how many files and connections the process has open.
func (p *process) files(t testing.TB) int {
	t.Helper()
	n, err := p.OpenFiles()
	if err != nil {
		t.Fatal(err)
	}
	return n
}
