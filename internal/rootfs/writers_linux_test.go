package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestIsOpenForWriting checks that every kind of writer is found, and that a reader is
// not.
func TestIsOpenForWriting(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if IsOpenForWriting(file) {
		t.Error("reported a writer before there was one")
	}
	writer, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !IsOpenForWriting(file) {
		t.Skip("the file system does not tell")
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if IsOpenForWriting(file) {
		t.Error("reported a writer after it was closed")
	}
	if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
		t.Errorf("a lease remains: %v", err)
	}
}

func TestRenameExclusive(t *testing.T) {
	dir, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for _, name := range []string{"a", "b"} {
		file, err := dir.CreateFile(name, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := RenameExclusive(dir, "a", dir, "b"); errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	} else if !errors.Is(err, fs.ErrExist) {
		t.Errorf("onto a file: %v", err)
	}
	if err := RenameExclusive(dir, "a", dir, "c"); err != nil {
		t.Error(err)
	}
	if err := RenameExclusive(dir, "a", dir, "d"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no file: %v", err)
	}
	if err := RenameExclusive(dir, "../a", dir, "d"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("of a path: %v", err)
	}
}
