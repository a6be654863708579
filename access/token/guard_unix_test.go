//go:build unix

package token_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/access/token"
)

// TestOthersCanReplace checks that a file of another user, or in a directory where others can
// replace it, is refused at start, and that no token is accepted when it becomes so later.
// The commands that change the file accept it, because they may run as another user than the
// server.
func TestOthersCanReplace(t *testing.T) {
	file := fileName(t)
	alice, _ := add(t, file, "alice")
	s := open(t, file)
	refused := func(what, words string) {
		t.Helper()
		if _, err := token.Open(file, token.Options{}); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", what, err)
		}
		s.clock.Advance(time.Second)
		s.expect(t, what, map[string]string{alice: "unavailable"})
		if _, err := token.List(file); err != nil {
			t.Errorf("%s: list: %v", what, err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Chmod(filepath.Dir(file), 0o777))
	refused("in an open directory", "can replace it")
	must(os.Chmod(filepath.Dir(file), 0o777|os.ModeSticky))
	s.clock.Advance(time.Second)
	s.expect(t, "in a directory with the sticky bit", map[string]string{alice: "alice"})
	if os.Getuid() != 0 {
		return
	}
	must(os.Chown(file, 65534, 65534))
	refused("of another user", "it belongs to the user")
	must(os.Chown(file, 0, 0))
	must(os.Chown(filepath.Dir(file), 65534, 65534))
	refused("in another user's directory", "belongs to that user")
}
