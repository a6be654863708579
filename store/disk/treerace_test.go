package disk

import (
	"os"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// Directories are removed repeatedly while a file is put below them.
func TestPutRacesWithPruning(t *testing.T) {
	f := newFixture(t, Options{Durability: tranship.DurabilityWritten}, realSystem())
	var group sync.WaitGroup
	for _, path := range []string{"a/b/c/1", "a/b/2", "a/b/c/3"} {
		group.Go(func() {
			for range 200 {
				if _, err := f.Put(t.Context(), tranship.Spec{Path: path}, nil); err != nil {
					t.Errorf("Put: %v", err)
				}
				if err := f.Remove(t.Context(), path, tranship.Precondition{}); err != nil {
					t.Errorf("Remove: %v", err)
				}
			}
		})
	}
	group.Wait()
	if got := f.names("."); len(got) != 1 {
		t.Errorf("the directory has %q", got)
	}
}

// A directory that was removed while it is open cannot be read any more.
func TestDirectoryRemovedWhileOpen(t *testing.T) {
	f := newFixture(t, small, realSystem())
	if err := os.MkdirAll(f.at("a/b"), 0o755); err != nil {
		t.Fatal(err)
	}
	dir, err := f.root.Walk("a")
	if err != nil {
		t.Fatal(err)
	}
	sub, err := dir.Sub("b")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(f.at("a/b")); err != nil {
		t.Fatal(err)
	}
	l := f.newLister(t.Context())
	if err := l.within("a/b", sub, func(directory string) error {
		return l.each(directory, key{}, true, func(_ *rootfs.Dir, child child) error {
			t.Errorf("%s exists", child.path)
			return nil
		})
	}); err != nil {
		t.Errorf("each: %v", err)
	}
	dir.Close()

	system := realSystem()
	system.syncDir = func(dir *rootfs.Dir) error {
		if err := os.RemoveAll(f.at("a")); err != nil {
			return err
		}
		return realSystem().syncDir(dir)
	}
	f.Store.system = system
	if err := os.Mkdir(f.at("a/b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := f.syncDirectory("a/b"); err != nil {
		t.Errorf("syncDirectory: %v", err)
	}
}

// A rename whose directory was removed starts again by making the directory.
func TestRenameStartsOver(t *testing.T) {
	real := realSystem()
	system := real
	var f fixture
	removals := 3
	system.rename = func(from *rootfs.Dir, name string, to *rootfs.Dir, newName string, replace bool) error {
		if removals > 0 {
			removals--
			if err := os.RemoveAll(f.at("a")); err != nil {
				t.Error(err)
			}
		}
		return real.rename(from, name, to, newName, replace)
	}
	f = newFixture(t, small, system)
	f.put("a/b/file", "content")
	f.lists("a/b/file")

	removals = 1 << 30
	_, err := f.Put(t.Context(), tranship.Spec{Path: "a/b/other"}, nil)
	f.fails("Put with a directory that never stays", err, tranship.ErrUnavailable)
}
