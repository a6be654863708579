package rootfs

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// TestDirReader lists a directory in one go, and opens nothing else.
func TestDirReader(t *testing.T) {
	name := t.TempDir()
	at := func(path string) string { return filepath.Join(name, path) }
	write(t, at("a/b/file"), "text")
	for link, to := range map[string]string{"link": "a", "a/link": "b", "a/b/link": "file"} {
		if err := os.Symlink(to, at(link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mkfifo(at("fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	reader, err := dir.OpenDirReader("a/b")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := reader.ReadDir()
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	if slices.Sort(names); err != nil || !slices.Equal(names, []string{"file", "link"}) {
		t.Errorf("%q, %v", names, err)
	}
	if status, err := reader.Status("file"); err != nil || status.Size != 4 || !status.Mode.IsRegular() {
		t.Errorf("%+v, %v", status, err)
	}
	if status, err := reader.Status("link"); err != nil || status.Mode&os.ModeSymlink == 0 {
		t.Errorf("a link: %+v, %v", status, err)
	}
	for _, path := range []string{"../fifo", "..", "none"} {
		if _, err := reader.Status(path); err == nil {
			t.Errorf("%s has a status", path)
		}
	}
	if err := reader.Close(); err != nil {
		t.Error(err)
	}
	for _, path := range []string{"link", "link/b", "a/link", "a/b/file", "a/b/link", "fifo", "none", "..", "../" + filepath.Base(name), "/"} {
		if reader, err := dir.OpenDirReader(path); err == nil {
			t.Errorf("%s is opened", path)
			_ = reader.Close()
		}
	}
}
