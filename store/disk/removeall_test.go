package disk

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// TestRemoveAllLeaves removes below a directory with links and other entries that are not the
// store's. They remain, with the directories that contain them.
func TestRemoveAllLeaves(t *testing.T) {
	f := newFixture(t, small, realSystem())
	for _, path := range []string{"d/a", "d/b/c", "d/b/e/f", "d/g/h", "outside/file", "d/link-is-a-directory/x"} {
		if _, err := f.Put(t.Context(), tranship.Spec{Path: path}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"d/b/link": "../../outside", "d/b/e/link": "../../../outside/file"} {
		if err := os.Symlink(target, f.at(name)); err != nil {
			t.Skip(err)
		}
	}
	removed, err := f.RemoveAll(t.Context(), "d", tranship.RemoveAllOptions{})
	if removed != 5 || err != nil {
		t.Errorf("%d files, %v", removed, err)
	}
	if got := f.names("d"); !slices.Equal(got, []string{"b"}) {
		t.Errorf("d has %q", got)
	}
	if got := f.names("d/b"); !slices.Equal(got, []string{"e", "link"}) {
		t.Errorf("d/b has %q", got)
	}
	if got := f.names("outside"); !slices.Equal(got, []string{"file"}) {
		t.Errorf("outside has %q", got)
	}
}

// TestRemoveAllSyncs checks that exactly the directories are synced that remain and have lost
// entries.
func TestRemoveAllSyncs(t *testing.T) {
	var synced []string
	f := newFixture(t, Options{MinPartSize: 1 << 20}, realSystem())
	fill := func() {
		for _, path := range []string{"top/d/a", "top/d/b/c", "top/d/b/e/f", "top/other"} {
			if _, err := f.Put(t.Context(), tranship.Spec{Path: path, Durability: tranship.DurabilityWritten}, nil); err != nil {
				t.Fatal(err)
			}
		}
		synced = nil
	}
	f.syncer.Sync = func(directory string) error {
		synced = append(synced, directory)
		return nil
	}
	fill()
	if _, err := f.RemoveAll(t.Context(), "top/d", tranship.RemoveAllOptions{}); err != nil || !slices.Equal(synced, []string{"top"}) {
		t.Errorf("%v, %q were synced", err, synced)
	}
	fill()
	refusal := errors.New("refusal")
	removed, err := f.RemoveAll(t.Context(), "top/d", tranship.RemoveAllOptions{Allow: func(path string) error {
		if path == "top/d/b/e/f" {
			return refusal
		}
		return nil
	}})
	if removed != 2 || !errors.Is(err, refusal) || !slices.Equal(synced, []string{"top/d/b", "top/d"}) {
		t.Errorf("%d files, %v, %q were synced", removed, err, synced)
	}
	fill()
	if err := os.Symlink("x", f.at("top/d/b/link")); err != nil {
		t.Skip(err)
	}
	if _, err := f.RemoveAll(t.Context(), "top/d", tranship.RemoveAllOptions{}); err != nil || !slices.Equal(synced, []string{"top/d/b", "top/d"}) {
		t.Errorf("%v, %q were synced", err, synced)
	}
}

// TestRemoveAllUnreadable checks that a removal ends with the error of a directory that cannot be
// read, after the files before it were removed.
func TestRemoveAllUnreadable(t *testing.T) {
	system := realSystem()
	real := system.entries
	system.entries = func(dir *rootfs.Dir, path string, each func(rootfs.Entry) bool) error {
		if path == "d/b" {
			return os.ErrPermission
		}
		return real(dir, path, each)
	}
	f := newFixture(t, small, system)
	for _, path := range []string{"d/a", "d/b/c", "d/e"} {
		if _, err := f.Put(t.Context(), tranship.Spec{Path: path}, nil); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := f.RemoveAll(t.Context(), "d", tranship.RemoveAllOptions{})
	if removed != 1 || !errors.Is(err, tranship.ErrDenied) {
		t.Errorf("%d files, %v", removed, err)
	}
	if _, err := os.Stat(filepath.Join(f.directory, "d/b/c")); err != nil {
		t.Error(err)
	}
}

// TestRemoveAllMovedByHand moves a directory away while its files are removed: those that
// have other paths by then stay.
func TestRemoveAllMovedByHand(t *testing.T) {
	for _, moved := range []string{"d/sub", "d"} {
		f := newFixture(t, small, realSystem())
		for _, path := range []string{"d/sub/a", "d/sub/b", "d/sub/c/d"} {
			if _, err := f.Put(t.Context(), tranship.Spec{Path: path}, nil); err != nil {
				t.Fatal(err)
			}
		}
		removed, err := f.RemoveAll(t.Context(), "d", tranship.RemoveAllOptions{Progress: func(path string) {
			if path != "d/sub/a" {
				return
			}
			if err := os.Rename(f.at(moved), f.at("kept")); err != nil {
				t.Error(err)
			}
		}})
		if removed != 1 || err != nil {
			t.Errorf("%s moved: %d files removed, %v", moved, removed, err)
		}
		var left []string
		for entry, err := range f.List(t.Context(), tranship.ListOptions{Recursive: true}) {
			if err != nil {
				t.Error(err)
			}
			left = append(left, filepath.Base(entry.Path))
		}
		if !slices.Equal(left, []string{"b", "d"}) {
			t.Errorf("%s moved: %q are left", moved, left)
		}
	}
}

// TestRemoveAllTellsUnlocked puts a file anew while its removal is being told, as another
// client may when the one that removes is slow to take the news.
func TestRemoveAllTellsUnlocked(t *testing.T) {
	f := newFixture(t, small, realSystem())
	if _, err := f.Put(t.Context(), tranship.Spec{Path: "d/a"}, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	removed, err := f.RemoveAll(t.Context(), "d", tranship.RemoveAllOptions{Progress: func(path string) {
		if _, err := f.Put(ctx, tranship.Spec{Path: path}, []byte("new")); err != nil {
			t.Error(err)
		}
	}})
	if removed != 1 || err != nil {
		t.Errorf("%d files, %v", removed, err)
	}
	if file, err := f.Stat(t.Context(), "d/a"); err != nil || file.Size != 3 {
		t.Errorf("%+v, %v", file, err)
	}
}
