//go:build unix

package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// nonblock keeps the opening of a FIFO from waiting for a writer. It has no effect on
// regular files.
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

// unlinkat exists because os.Root.Remove removes files and directories alike: a caller
// that prunes an empty directory would remove a file that took its place.
func (d *Dir) unlinkat(name string, flags int) error {
	return d.use(func(dir int) error {
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

// device returns the device number of the directory's file system.
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

// Device returns the number of the file system of a file; 0 if it is unknown.
func Device(info fs.FileInfo) uint64 {
	status, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return uint64(status.Dev) //nolint:unconvert // another type elsewhere
}

// Links returns the number of names that a file has; 0 if it is unknown.
func Links(info fs.FileInfo) uint64 {
	status, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return uint64(status.Nlink) //nolint:unconvert // another type elsewhere
}

// Owner returns the user ID of a file's owner. ok is false if the system has none.
func Owner(info fs.FileInfo) (uid uint32, ok bool) {
	status, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return status.Uid, true
}

// Lock takes the exclusive lock of an open file without waiting. The lock is released
// when the file is closed or the process ends. Lock returns false if another open file,
// of this process or another, has the lock.
func Lock(file *os.File) (locked bool, err error) {
	err = control(file, func(descriptor int) (err error) {
		locked, err = lock(descriptor)
		return err
	})
	return locked, err
}

func lock(descriptor int) (bool, error) {
	err := retry(func() error { return unix.Flock(descriptor, unix.LOCK_EX|unix.LOCK_NB) })
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
