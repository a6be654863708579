package disk

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"github.com/tranship/tranship"
)

// TestStateMounted mounts the state directory, and directories of it, at paths of the store.
func TestStateMounted(t *testing.T) {
	for _, from := range []string{".tranship", ".tranship/tls", ".tranship/uploads", ".tranship/tmp", "."} {
		t.Run(from, func(t *testing.T) {
			f, u, _ := withState(t, realSystem())
			f.writeByHand("docs/pub/mounted/here", "")
			if err := syscall.Mount(f.at(from), f.at("docs/pub"), "", syscall.MS_BIND, ""); err != nil {
				t.Skipf("nothing can be mounted here: %v", err)
			}
			unmount := func() {
				if err := syscall.Unmount(f.at("docs/pub"), syscall.MNT_DETACH); err != nil {
					t.Error(err)
				}
			}
			t.Cleanup(unmount)
			path := "docs/pub"
			if from == "." { // the directory of the store, with its state below
				path += "/.tranship"
			}
			f.unreachable(path)
			f.detach(u)
		})
	}
}

// TestDirectoryCovered mounts a file system on the directory of a store, and unmounts one that
// the directory of a store is in: the store is lost, and nothing is written below the mount.
func TestDirectoryCovered(t *testing.T) {
	f := newFixture(t, small, unsynced())
	f.put("file", "content")
	if err := syscall.Mount("none", f.directory, "tmpfs", 0, ""); err != nil {
		t.Skipf("nothing can be mounted here: %v", err)
	}
	mounted := true
	unmount := func() {
		if mounted {
			mounted = false
			if err := syscall.Unmount(f.directory, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(unmount)
	inside := fixture{T: t, directory: f.directory}.open(small, unsynced())
	f.fails("CheckHealth of the covered store", f.CheckHealth(t.Context()), tranship.ErrUnavailable)
	f.fails("Put into the covered store", second(f.Put(t.Context(), tranship.Spec{Path: "new"}, nil)), tranship.ErrUnavailable)
	inside.put("inside", "content")
	unmount() // a lazy one: the store inside has files open
	if err := f.CheckHealth(t.Context()); err != nil {
		t.Errorf("the store that is no longer covered: %v", err)
	}
	inside.fails("CheckHealth of the unmounted store", inside.CheckHealth(t.Context()), tranship.ErrUnavailable)
	inside.fails("Put into the unmounted store", second(inside.Put(t.Context(), tranship.Spec{Path: "new"}, nil)), tranship.ErrUnavailable)
	if _, err := f.Stat(t.Context(), "new"); !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("a file was written below the mount point: %v", err)
	}
	// The other store cannot be opened while this one is.
	must := small
	must.MustExist = true
	if err := second(Open(t.TempDir(), must)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a mount point without its file system: %v", err)
	}
}
