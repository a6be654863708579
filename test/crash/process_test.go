package crash

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/program"
)

// process is a running tranship.
type process struct{ *program.Process }

// start starts a command line. The process is killed when the test ends.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	return &process{built.Start(t, args...)}
}

// began waits for the end of the process. It returns false if the server died while the
// process connected or planned, before it reported a file: cp does not retry that, and
// the same command must be run again.
func (p *process) began(t *testing.T, limit time.Duration) bool {
	t.Helper()
	return p.Wait(t, limit) == 0 || p.Out.Len() > 0
}

// result is a line of cp --json, about one file.
type result struct {
	Path         string `json:"path"`
	Size         *int64 `json:"size"`
	SentBytes    int64  `json:"sent_bytes"`
	SkippedBytes int64  `json:"skipped_bytes"`
	Error        string `json:"error"`
}

// results returns the results of a cp --json that has ended.
func (p *process) results(t *testing.T) []result {
	t.Helper()
	var results []result
	for line := range strings.Lines(p.Out.String()) {
		var r result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q printed %q: %v", p.Cmd.Args, line, err)
		}
		results = append(results, r)
	}
	return results
}

// peak returns the peak of the process's resident memory in bytes; 0 if the system does
// not report it.
func (p *process) peak() int64 {
	_, peak, err := p.Memory()
	if err != nil {
		return 0
	}
	return peak
}

// server is a running tranship serve.
type server struct {
	*process
	address string
}

// startServer starts a server and returns once it is ready.
func startServer(t *testing.T, root string, flags ...string) *server {
	t.Helper()
	s := built.Serve(t, root, flags...)
	return &server{&process{s.Process}, s.Address}
}

// stop stops the server cleanly.
func (s *server) stop(t *testing.T) {
	t.Helper()
	s.Stop(t, time.Minute)
}
