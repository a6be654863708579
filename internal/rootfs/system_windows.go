package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

const nonblock = 0

// Windows cannot sync a directory; NTFS keeps its names in a journal.
func (d *Dir) sync() error { return nil }

func (d *Dir) unlink(name string) error {
	if info, err := d.root.Lstat(name); err == nil && info.IsDir() {
		return &ObstacleError{Path: name, Mode: info.Mode()}
	}
	return d.root.Remove(name)
}

func (d *Dir) rmdir(name string) error {
	if info, err := d.root.Lstat(name); err == nil && !info.IsDir() {
		return &ObstacleError{Path: name, Mode: info.Mode()}
	}
	return d.root.Remove(name)
}

// rename and link use names, because Windows has no such call for two directory handles.
// They follow a directory on the way that becomes a link meanwhile; creating links takes
// a privilege there.
func rename(from *Dir, name string, to *Dir, newName string) error {
	return os.Rename(filepath.Join(from.root.Name(), name), filepath.Join(to.root.Name(), newName))
}

func link(from *Dir, name string, to *Dir, newName string) error {
	return os.Link(filepath.Join(from.root.Name(), name), filepath.Join(to.root.Name(), newName))
}

// device reports that the device is unknown. On Windows, long names have short ones
// beside them anyway.
func (d *Dir) device() (uint64, bool) { return 0, false }

// Device returns 0, because the number is unknown.
func Device(fs.FileInfo) uint64 { return 0 }

// Links returns 0, because the number is unknown.
func Links(fs.FileInfo) uint64 { return 0 }

// Owner reports false.
func Owner(fs.FileInfo) (uid uint32, ok bool) { return 0, false }

// Lock takes the exclusive lock of an open file without waiting. The lock is released
// when the file is closed or the process ends. Lock returns false if another open file,
// of this process or another, has the lock.
func Lock(file *os.File) (bool, error) {
	err := control(file, func(descriptor int) error {
		const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
		return windows.LockFileEx(windows.Handle(descriptor), flags, 0, 1, 0, new(windows.Overlapped))
	})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}
