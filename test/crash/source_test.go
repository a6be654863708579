package crash

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// compare returns an error if the file got differs from want.
func compare(want, got string) error {
	a, err := os.Open(want)
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := os.Open(got)
	if err != nil {
		return err
	}
	defer b.Close()
	x, y := make([]byte, 1<<20), make([]byte, 1<<20)
	for offset := 0; ; offset += len(x) {
		n, errX := io.ReadFull(a, x)
		m, errY := io.ReadFull(b, y)
		if !bytes.Equal(x[:n], y[:m]) {
			return fmt.Errorf("%s differs from %s within 1 MiB after byte %d", got, want, offset)
		}
		if errX != nil || errY != nil {
			if errX == errY && (errX == io.EOF || errX == io.ErrUnexpectedEOF) {
				return nil
			}
			return errors.Join(errX, errY)
		}
	}
}

// same fails unless the file got is equal to want.
func same(t *testing.T, want, got string) {
	t.Helper()
	if err := compare(want, got); err != nil {
		t.Fatal(err)
	}
}

// visible reports whether the file got exists. If it does, it must be equal to want.
func visible(t *testing.T, want, got string) bool {
	t.Helper()
	if _, err := os.Lstat(got); errors.Is(err, fs.ErrNotExist) {
		return false
	}
	same(t, want, got)
	return true
}

// filesBelow returns the sizes of all files below a directory, by name.
func filesBelow(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	files := map[string]int64{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err = filepath.Rel(dir, name)
		files[name] = info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
