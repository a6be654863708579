package localdir_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/transfer"
)

// TestDirOpensFromWhereItIs opens files of one directory, again and again, while that
// changes by hand.
func TestDirOpensFromWhereItIs(t *testing.T) {
	name := t.TempDir()
	dir, err := localdir.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	filetest.Fill(t, dir, map[string]int{"a/b/file": 10})
	open := func(path string, want error) {
		t.Helper()
		content, err := dir.Open(t.Context(), path, tranship.OpenOptions{})
		if !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("Open(%q): %v, want %v", path, err, want)
		}
		if err == nil {
			content.Close()
		}
	}
	open("a/b/file", nil)
	open("a/b/file", nil)
	for _, path := range []string{"/a/b/file", "../" + filepath.Base(name) + "/a/b/file"} {
		if content, err := dir.Open(t.Context(), path, tranship.OpenOptions{}); err == nil {
			content.Close()
			t.Errorf("Open(%q) succeeded", path)
		}
	}
	if err := os.Rename(filepath.Join(name, "a"), filepath.Join(name, "moved")); err != nil {
		t.Fatal(err)
	}
	open("a/b/file", tranship.ErrNotFound)
	open("moved/b/file", nil)
	if err := os.Symlink("moved", filepath.Join(name, "a")); err != nil {
		t.Skip(err)
	}
	open("a/b/file", transfer.ErrSkipped) // also not through a link that stays inside
	if _, err := dir.Put(t.Context(), tranship.Spec{Path: "a/b/second"}, nil); !errors.Is(err, tranship.ErrExists) {
		t.Errorf("Put through a link: %v", err)
	}
	open("moved/b/second", tranship.ErrNotFound)
	if err := os.Remove(filepath.Join(name, "a")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(name, "a")); err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Put(t.Context(), tranship.Spec{Path: "a/b/third"}, nil); !errors.Is(err, tranship.ErrExists) {
		t.Errorf("Put through a link that leads out: %v", err)
	}
}
