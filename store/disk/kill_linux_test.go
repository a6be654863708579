package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/storetest"
)

// TestKilled opens a copy of what a store has written so far, as after a crash. It uses a copy
// because the store itself stays open and has locked its directory.
func TestKilled(t *testing.T) {
	t.Parallel()
	storetest.TestKilled(t, func(t *testing.T) (tranship.Store, func() tranship.Store) {
		f := newFixture(t, small, realSystem())
		return f.Store, func() tranship.Store {
			killed := f
			killed.directory = t.TempDir()
			copyTree(t, f.directory, killed.directory)
			options := f.options
			f = killed.open(small, f.system)
			f.Store.options = options
			return f.Store
		}
	})
}

// copyTree copies everything below a directory, with times and extended attributes. It does not
// start a program, because that would inherit the locks of other stores for a moment.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		destination := to + strings.TrimPrefix(name, from)
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if entry.IsDir() {
			err = os.MkdirAll(destination, info.Mode().Perm())
		} else {
			var data []byte
			if data, err = os.ReadFile(name); err == nil {
				err = os.WriteFile(destination, data, info.Mode().Perm())
			}
		}
		if err != nil {
			return err
		}
		if err := copyAttributes(name, destination); err != nil {
			return err
		}
		return os.Chtimes(destination, info.ModTime(), info.ModTime())
	})
	if err != nil {
		t.Fatal(err)
	}
}

func copyAttributes(from, to string) error {
	names := make([]byte, 64<<10)
	n, err := unix.Llistxattr(from, names)
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(string(names[:n]), "\x00") {
		if !strings.HasPrefix(name, "user.") {
			continue
		}
		value := make([]byte, 64<<10)
		n, err := unix.Lgetxattr(from, name, value)
		if err != nil {
			return err
		}
		if err := unix.Lsetxattr(to, name, value[:n], 0); err != nil {
			return err
		}
	}
	return nil
}
