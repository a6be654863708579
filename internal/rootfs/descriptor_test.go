package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestStatus checks that Status describes what Lstat does.
func TestStatus(t *testing.T) {
	dir, name := open(t)
	write(t, filepath.Join(name, "file"), "content")
	symlink(t, "file", filepath.Join(name, "link"))
	if err := os.Mkdir(filepath.Join(name, "dir"), 0o750); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"file", "link", "dir"} {
		want, err := dir.Lstat(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := dir.Status(name)
		if err != nil || got.Size != want.Size() || !got.ModTime.Equal(want.ModTime()) || got.Mode != want.Mode() {
			t.Errorf("Status(%q): %+v, %v; want %v", name, got, err, want)
		}
	}
	if _, err := dir.Status("none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of nothing: %v", err)
	}
	for _, name := range []string{"", ".", "..", "a/b", "/a"} {
		if _, err := dir.Status(name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Status(%q): %v", name, err)
		}
	}
}
