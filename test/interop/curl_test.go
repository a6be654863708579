package interop

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/internal/testing/program"
)

// httpPage is the page for users of curl.
const httpPage = "../../docs/http.md"

// shellBlocks returns the shell commands of a page that use curl with the server on this machine, in
// order.
func shellBlocks(t *testing.T, page string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(text), "```sh\n")[1:] {
		block, _, ok := strings.Cut(part, "```\n")
		if !ok {
			t.Fatalf("%s: a block does not end", page)
		}
		if strings.Contains(block, "curl") && strings.Contains(block, "127.0.0.1:8080") {
			blocks = append(blocks, block)
		}
	}
	return blocks
}

// TestCurl runs the commands of docs/http.md in their order.
func TestCurl(t *testing.T) {
	for _, name := range []string{"curl", "openssl"} {
		if _, err := exec.LookPath(name); err != nil {
			missing(t, name+" is not installed")
		}
	}
	root := t.TempDir()
	served := built.Serve(t, root, "--http", "127.0.0.1:0", "--log-format", "json")
	address := loggedHTTPAddress(t, served)
	local := t.TempDir()
	scan := filetest.Random(3 << 20)
	filetest.Write(t, filepath.Join(local, "scan.dcm"), scan)
	filetest.Write(t, filepath.Join(local, "photos", "a.jpg"), filetest.Random(100))
	blocks := shellBlocks(t, httpPage)
	if len(blocks) < 8 {
		t.Fatalf("%s has only %d blocks", httpPage, len(blocks))
	}
	for _, block := range blocks {
		cut := strings.Contains(block, "--continue-at")
		if cut { // as a cut connection leaves it
			if err := os.Truncate(filepath.Join(local, "scan.dcm"), 1_000_000); err != nil {
				t.Fatal(err)
			}
		}
		script := strings.ReplaceAll(strings.ReplaceAll(block, "127.0.0.1:8080", address), "curl ", "curl --no-progress-meter ")
		cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "bash", "-euo", "pipefail", "-c", script)
		cmd.Dir = local
		output, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s\n%s", err, script, output)
		}
		if strings.Contains(block, "recursive") && !bytes.Contains(output, []byte(`{"path":"inbox/new.dcm","size":3145728,`)) {
			t.Errorf("%s printed %s", script, output)
		}
		if got, err := os.ReadFile(filepath.Join(local, "scan.dcm")); err != nil || !bytes.Equal(got, scan) {
			t.Fatalf("%s: scan.dcm has %d bytes, or others: %v", script, len(got), err)
		}
	}
	for _, name := range []string{"inbox/new.dcm", "archive/large.dcm"} {
		if got, err := os.ReadFile(filepath.Join(root, name)); err != nil || !bytes.Equal(got, scan) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	for name, exists := range map[string]bool{"backups/photos.tar": true, "inbox/scan.dcm": false} {
		if _, err := os.Stat(filepath.Join(root, name)); (err == nil) != exists {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// loggedHTTPAddress returns the address at which a server serves HTTP.
func loggedHTTPAddress(t *testing.T, s *program.Server) string {
	t.Helper()
	pattern := regexp.MustCompile(`"address":"(127\.0\.0\.1:\d+)","protocol":"http"`)
	s.Err.AwaitMatch(t, pattern)
	return pattern.FindStringSubmatch(s.Err.String())[1]
}
