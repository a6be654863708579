package rootfs

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestInspect(t *testing.T) {
	dir, name := open(t)
	write(t, filepath.Join(name, "file"), "content")
	symlink(t, "file", filepath.Join(name, "link"))
	os.Mkdir(filepath.Join(name, "dir"), 0o755)
	if err := syscall.Mkfifo(filepath.Join(name, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	file, want, err := dir.OpenFile("file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, value, ok := dir.Inspect("file", "user.test")
	if !ok || value != nil || info.Name() != "file" || info.Size() != 7 || info.Mode() != want.Mode() || !info.ModTime().Equal(want.ModTime()) || info.IsDir() {
		t.Errorf("Inspect: %v, %q, %v", info, value, ok)
	}
	if Setxattr(file, "user.test", []byte("value")) == nil {
		if _, value, ok := dir.Inspect("file", "user.test"); !ok || string(value) != "value" {
			t.Errorf("Inspect of the attribute: %q, %v", value, ok)
		}
		if err := Setxattr(file, "user.test", make([]byte, 600)); err == nil {
			if _, value, ok := dir.Inspect("file", "user.test"); !ok || value != nil {
				t.Errorf("Inspect of a long attribute: %d bytes, %v", len(value), ok)
			}
		}
	}
	if file, err := dir.OpenBelow("file"); err != nil {
		t.Error(err)
	} else {
		file.Close()
	}
	if pipe, err := dir.OpenBelow("pipe"); err != nil { // without waiting
		t.Error(err)
	} else {
		pipe.Close()
	}
	if _, err := dir.OpenBelow("link"); err == nil {
		t.Error("OpenBelow followed a link")
	}
	for _, name := range []string{"link", "dir", "pipe", "missing", "", "..", "dir/.."} {
		if _, _, ok := dir.Inspect(name, "user.test"); ok {
			t.Errorf("Inspect(%q) found a regular file", name)
		}
	}
}
