package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestCreate uses a file that is open for a moment as an *os.File would be used.
func TestCreate(t *testing.T) {
	dir, name := open(t)
	file, err := dir.Create("new", 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := dir.Create("new", 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("again: %v", err)
	}
	if _, err := dir.Create("a/b", 0o600); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("below: %v", err)
	}
	if n, err := WriteAt(file, 2, []byte("3"), []byte("45")); n != 3 || err != nil {
		t.Errorf("wrote %d bytes, %v", n, err)
	}
	if n, err := file.WriteAt([]byte("12"), 0); n != 2 || err != nil {
		t.Errorf("wrote %d bytes, %v", n, err)
	}
	read := make([]byte, 5)
	if n, err := file.ReadAt(read, 0); string(read[:n]) != "12345" || err != nil {
		t.Errorf("read %q, %v", read[:n], err)
	}
	modified := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	if err := errors.Join(file.Sync(), dir.Chtimes(file, "new", modified), dir.ChtimesBoth(file, "new", modified, modified)); err != nil {
		t.Error(err)
	}
	if err := Setxattr(file, "user.test", []byte("value")); !errors.Is(err, errors.ErrUnsupported) {
		value, got := Getxattr(file, "user.test")
		if err != nil || got != nil || string(value) != "value" {
			t.Errorf("the attribute is %q, %v, %v", value, err, got)
		}
	}
	if err := file.Chmod(0o640); err != nil {
		t.Error(err)
	}
	info, err := file.Stat()
	want, failed := os.Stat(filepath.Join(name, "new"))
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	inode, changed := Identity(info)
	wantInode, wantChanged := Identity(want)
	if info.Name() != "new" || info.Size() != 5 || info.Mode() != want.Mode() || !info.ModTime().Equal(want.ModTime()) || info.IsDir() || inode != wantInode || changed != wantChanged {
		t.Errorf("it is %v of inode %d, want %v of %d", info, inode, want, wantInode)
	}
}
