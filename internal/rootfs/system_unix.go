//go:build unix

package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// nonblock keeps the opening of a FIFO from waiting for a writer. It means nothing
// to regular files.
const nonblock = syscall.O_NONBLOCK

func (d *Dir) sync() error {
	handle, err := d.handle()
	if err != nil {
		return err
	}
	return handle.Sync()
}

func (d *Dir) unlink(name string) error { return d.unlinkat(name, 0) }
func (d *Dir) rmdir(name string) error  { return d.unlinkat(name, unix.AT_REMOVEDIR) }

// unlinkat exists because os.Root.Remove takes files and directories alike: one
// that means to prune an empty directory would remove a file put in its place.
func (d *Dir) unlinkat(name string, flags int) error {
	handle, err := d.handle()
	if err != nil {
		return err
	}
	return control(handle, func(dir int) error {
		return retry(func() error { return unix.Unlinkat(dir, name, flags) })
	})
}

func rename(from *Dir, name string, to *Dir, newName string) error {
	return descriptors(from, to, func(from, to int) error {
		return retry(func() error { return unix.Renameat(from, name, to, newName) })
	})
}

func link(from *Dir, name string, to *Dir, newName string) error {
	return descriptors(from, to, func(from, to int) error {
		return retry(func() error { return unix.Linkat(from, name, to, newName, 0) })
	})
}

// device is that of the directory's file system.
func (d *Dir) device() (uint64, bool) {
	info, err := d.root.Stat(".")
	if err != nil {
		return 0, false
	}
	status, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return uint64(status.Dev), true //nolint:unconvert // another type elsewhere
}

// Links is how many names a file has; 0: not known.
func Links(info fs.FileInfo) uint64 {
	status, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return uint64(status.Nlink) //nolint:unconvert // another type elsewhere
}

// Owner is the user id of a file's owner. false: the system has none.
func Owner(info fs.FileInfo) (uid uint32, ok bool) {
	status, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return status.Uid, true
}

// Lock takes the exclusive lock of an open file without waiting. It ends when the
// file is closed or the process dies. It is false when somebody else holds it,
// another open file of the same process too.
func Lock(file *os.File) (bool, error) {
	err := control(file, func(descriptor int) error {
		return retry(func() error { return unix.Flock(descriptor, unix.LOCK_EX|unix.LOCK_NB) })
	})
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}
