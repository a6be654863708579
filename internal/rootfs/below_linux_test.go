package rootfs

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestOpenBelow(t *testing.T) {
	name := t.TempDir()
	for _, err := range []error{
		os.MkdirAll(filepath.Join(name, "top/a/b"), 0o777),
		os.WriteFile(filepath.Join(name, "top/a/b/f"), []byte("x"), 0o666),
		os.WriteFile(filepath.Join(name, "outside"), nil, 0o666),
		os.Symlink("a", filepath.Join(name, "top/link")),
		os.Symlink("f", filepath.Join(name, "top/a/b/link")),
		os.Symlink("..", filepath.Join(name, "top/up")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	dir, err := Open(filepath.Join(name, "top"))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	file, err := dir.OpenBelow("a/b/f")
	if errors.Is(err, unix.ENOSYS) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if data, err := io.ReadAll(file); string(data) != "x" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	for _, path := range []string{"link/b/f", "a/b/link", "up/outside", "../outside", "/a/b/f", filepath.Join(name, "outside"), "a/../../outside", "none", ""} {
		if file, err := dir.OpenBelow(path); err == nil {
			file.Close()
			t.Errorf("%q was opened", path)
		}
	}
}
