package interop

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestStranger runs a client that was written from the comments of the proto alone, and checks
// that the server follows the comments in edge cases.
func TestStranger(t *testing.T) {
	dir := t.TempDir()
	tokens := filepath.Join(dir, "tokens")
	code, made := tranship(t, dir, "token", "new", "--file", tokens, "--name", "stranger")
	succeed(t, code, made)
	token := regexp.MustCompile(`tsp_\S+`).FindString(made)
	address, root := serve(t, "--tokens", tokens)
	code, got := python(t, dir, "stranger_client.py", address, token)
	succeed(t, code, got)
	want := strings.TrimLeft(`
no token: UNAUTHENTICATED
lower case: OK
another scheme: UNAUTHENTICATED
two tokens: UNAUTHENTICATED
large headers: UNAVAILABLE
headers below the limit: OK
gzip: OK OK
deflate: UNIMPLEMENTED
unknown mode: UNIMPLEMENTED OK OK
unknown durability: INVALID_ARGUMENT OK OK
empty message: INVALID_ARGUMENT
large data: RESOURCE_EXHAUSTED OK OK
large message: RESOURCE_EXHAUSTED
unfinished: INVALID_ARGUMENT OK
join: without a file 2097152
`, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for name, stored := range map[string]bool{
		"gzip": true, "deflate": false, "mode": false, "after mode": true, "durability": false, "after durability": true,
		"large": false, "after large": true, "message": false, "unfinished": false, "joined": true,
	} {
		if _, err := os.Stat(filepath.Join(root, name)); (err == nil) != stored {
			t.Errorf("%s is stored: %v", name, err == nil)
		}
	}
}
