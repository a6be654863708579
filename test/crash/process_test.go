package crash

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/program"
)

// process is a tranship that runs.
type process struct{ *program.Process }

// start runs a command line; what still runs when the test ends is killed.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	return &process{built.Start(t, args...)}
}

// began waits for the end, and is false if the server died while the process
// connected or planned, before it had a file to tell of: that is not waited for, and
// the same command is to be run again.
func (p *process) began(t *testing.T, limit time.Duration) bool {
	t.Helper()
	return p.Wait(t, limit) == 0 || p.Out.Len() > 0
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
	for line := range strings.Lines(p.Out.String()) {
		var r result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q printed %q: %v", p.Cmd.Args, line, err)
		}
		results = append(results, r)
	}
	return results
}

// peak is the most memory that the process has had resident so far, in bytes; 0
// where the system does not tell.
func (p *process) peak() int64 {
	_, peak, err := p.Memory()
	if err != nil {
		return 0
	}
	return peak
}

// server is a tranship serve.
type server struct {
	*process
	address string
}

// startServer returns once the server is ready.
func startServer(t *testing.T, root string, flags ...string) *server {
	t.Helper()
	s := built.Serve(t, root, flags...)
	return &server{&process{s.Process}, s.Address}
}

// stop ends the server in good order.
func (s *server) stop(t *testing.T) {
	t.Helper()
	s.Stop(t, time.Minute)
}
