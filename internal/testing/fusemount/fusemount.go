//go:build linux

package fusemount

import (
	"testing"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// Mount mounts a file system, whose root is top, at the directory at until the test ends. name
// is its name in the list of mounts. It skips the test if that is not possible.
func Mount(t testing.TB, top fs.InodeEmbedder, at, name string) {
	t.Helper()
	server, err := fs.Mount(at, top, &fs.Options{MountOptions: fuse.MountOptions{DirectMount: true, FsName: name}})
	if err != nil {
		t.Skipf("no file system can be mounted with FUSE here: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Unmount(); err != nil {
			t.Errorf("unmounting: %v", err)
			_ = unix.Unmount(at, unix.MNT_DETACH)
		}
	})
}
