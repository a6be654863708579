package interop

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLane runs a client that was written from docs/lanes.md alone.
func TestLane(t *testing.T) {
	dir := t.TempDir()
	tokens := filepath.Join(dir, "tokens")
	code, made := tranship(t, dir, "token", "new", "--file", tokens, "--name", "stranger")
	succeed(t, code, made)
	token := regexp.MustCompile(`tsp_\S+`).FindString(made)
	address, root := serve(t, "--tokens", tokens)
	code, got := python(t, dir, "lane_client.py", address, token)
	succeed(t, code, got)
	want := strings.TrimLeft(`
version: 1
ping before a call: True
upload: 1000 3145728 OK
download small: same OK
download large: same OK
cancelled: CANCELLED
download after cancel: same OK
download after a late cancel: same OK
empty request: INVALID_ARGUMENT
timeout: DEADLINE_EXCEEDED
unknown method: UNIMPLEMENTED
a method of one message: UNIMPLEMENTED
largest message: INVALID_ARGUMENT
ping between calls: True
ping within a call: True
upload: 1000 OK
no token: UNAUTHENTICATED
then: closed, going away
larger message: RESOURCE_EXHAUSTED
then: closed
`, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for name, stored := range map[string]bool{"small": true, "large": true, "last": true, "dropped": false} {
		if _, err := os.Stat(filepath.Join(root, name)); (err == nil) != stored {
			t.Errorf("%s is stored: %v", name, err == nil)
		}
	}
}
