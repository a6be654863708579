package disk_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/disk"
)

// TestFiles reads the files of a directory while its Store is open, of a directory below it, and of
// one without a store.
func TestFiles(t *testing.T) {
	root := t.TempDir()
	store, err := disk.Open(root, disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	stored, err := store.Put(t.Context(), tranship.Spec{Path: "d/file"}, []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	plain := t.TempDir()
	if err := os.WriteFile(filepath.Join(plain, "file"), []byte("data"), 0o644); err != nil {
		t.Fatal(err)
	}
	for directory, path := range map[string]string{root: "d/file", filepath.Join(root, "d"): "file", plain: "file"} {
		files, err := disk.OpenFiles(directory)
		if err != nil {
			t.Fatal(err)
		}
		var paths []string
		for entry, err := range files.List(t.Context(), tranship.ListOptions{Recursive: true, ReportSkipped: true}) {
			if err != nil {
				t.Fatal(err)
			}
			paths = append(paths, entry.Path)
		}
		if len(paths) != 1 || paths[0] != path {
			t.Errorf("%s has %q, want only %s", directory, paths, path)
		}
		content, err := files.Open(t.Context(), path, tranship.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(content)
		if err := errors.Join(err, content.Close()); err != nil || string(data) != "data" {
			t.Errorf("%q, %v", data, err)
		}
		if file := content.File(); directory == root && file.Revision() != stored.Revision() {
			t.Errorf("%+v, want %+v", file, stored)
		}
		for _, path := range []string{".tranship/lock", "../file"} {
			if _, err := files.Stat(t.Context(), path); !errors.Is(err, tranship.ErrInvalid) {
				t.Errorf("%s: %v", path, err)
			}
		}
		if err := files.Close(); err != nil {
			t.Error(err)
		}
		if entries, err := os.ReadDir(plain); err != nil || len(entries) != 1 {
			t.Errorf("OpenFiles has changed the directory: %v, %v", entries, err)
		}
	}
	if _, err := disk.OpenFiles(filepath.Join(root, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory that does not exist: %v", err)
	}
}
