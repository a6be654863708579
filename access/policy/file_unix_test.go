//go:build unix

package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFileOthersCanChange checks that a file that others can write to is refused at start,
// and that later changes by others have no effect.
func TestFileOthersCanChange(t *testing.T) {
	f := openFile(t, open1)
	for _, test := range []struct {
		what      string
		file, dir os.FileMode
		words     string
	}{
		{what: "written by all", file: 0o666, dir: 0o755, words: "can write to it"},
		{what: "written by its group", file: 0o620, dir: 0o755, words: "can write to it"},
		{what: "replaced by all", file: 0o600, dir: 0o777, words: "can replace it"},
	} {
		chmod := func(file, dir os.FileMode) {
			t.Helper()
			if err := os.Chmod(f.name, file); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(filepath.Dir(f.name), dir); err != nil {
				t.Fatal(err)
			}
		}
		chmod(test.file, test.dir)
		if _, err := Open(f.name, nil); err == nil || !strings.Contains(err.Error(), test.words) {
			t.Errorf("%s: %v", test.what, err)
		}
		f.pass(checkInterval)
		f.allowed(true, test.what)
		f.logged(1, test.words)
		f.write(open2)
		f.pass(checkInterval)
		f.allowed(true, test.what+", and written")
		chmod(0o600, 0o755)
		f.pass(checkInterval)
		f.allowed(false, test.what+", and put right")
		f.write(open1)
		f.pass(checkInterval)
		f.allowed(true, "as at first")
		f.logged(2, "the policy has changed")
	}
}
