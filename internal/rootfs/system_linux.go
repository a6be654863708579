package rootfs

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func renameNoReplace(from *Dir, name string, to *Dir, newName string) error {
	err := descriptors(from, to, func(from, to int) error {
		return retry(func() error {
			return unix.Renameat2(from, name, to, newName, unix.RENAME_NOREPLACE)
		})
	})
	if errors.Is(err, unix.EINVAL) { // the file system does not know the flag
		return errors.ErrUnsupported
	}
	return err
}

func (d *Dir) freeBytes() (int64, error) {
	var status unix.Statfs_t
	err := d.use(func(dir int) error {
		return retry(func() error { return unix.Fstatfs(dir, &status) })
	})
	if errors.Is(err, errors.ErrUnsupported) {
		return math.MaxInt64, nil
	}
	if err != nil {
		return 0, err
	}
	return freeOf(&status), nil
}

// freeOf returns the free bytes of a file system, math.MaxInt64 if they are unknown.
func freeOf(status *unix.Statfs_t) int64 {
	size := int64(status.Bsize) //nolint:unconvert // int32 on 32-bit systems
	switch {
	case status.Blocks == 0 || size <= 0:
		return math.MaxInt64
	case status.Bavail > math.MaxInt64/uint64(size):
		return math.MaxInt64
	}
	return int64(status.Bavail) * size
}

// AccessTime returns when a file was last read; zero if the system does not report it.
func AccessTime(info fs.FileInfo) time.Time {
	switch status := info.Sys().(type) {
	case *syscall.Stat_t:
		return time.Unix(status.Atim.Unix())
	case *unix.Stat_t:
		return time.Unix(status.Atim.Unix())
	}
	return time.Time{}
}

func identity(info fs.FileInfo) (inode uint64, changed int64) {
	switch status := info.Sys().(type) {
	case *syscall.Stat_t:
		return status.Ino, status.Ctim.Nano()
	case *unix.Stat_t:
		return status.Ino, status.Ctim.Nano()
	}
	return 0, 0
}

// openAt opens name itself, without following a link. os.Root would use six system calls,
// to find out whether the file can be polled.
func (d *Dir) openAt(name string, flag int, mode fs.FileMode) (*os.File, error) {
	opened, err := d.openDescriptor(name, flag, mode)
	if err != nil {
		return nil, relative("open", name, err)
	}
	return os.NewFile(uintptr(opened), d.root.Name()+"/"+name), nil
}

func (d *Dir) openDescriptor(name string, flag int, mode fs.FileMode) (opened int, err error) {
	err = d.use(func(dir int) error {
		return retry(func() (err error) {
			opened, err = openat(dir, name, flag, mode)
			return err
		})
	})
	return opened, err
}

// openat opens name itself in a directory.
func openat(dir int, name string, flag int, mode fs.FileMode) (int, error) {
	return unix.Openat(dir, name, flag|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_LARGEFILE, uint32(mode.Perm()))
}

// chtimes sets the modified time of an open file, and its access time unless that is zero.
// The error is errors.ErrUnsupported if the system needs the file's name for that.
func chtimes(file File, accessed, modified time.Time) error {
	if f, ok := file.(Descriptor); ok {
		return setTimes(f.number, accessed, modified)
	}
	return control(file, func(descriptor int) error { return setTimes(descriptor, accessed, modified) })
}

// setTimes implements chtimes.
func setTimes(descriptor int, accessed, modified time.Time) error {
	when, err := unix.TimeToTimespec(modified)
	if err != nil {
		return err
	}
	times := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, when}
	if !accessed.IsZero() {
		if times[0], err = unix.TimeToTimespec(accessed); err != nil {
			return err
		}
	}
	err = retry(func() error { return unix.UtimesNanoAt(descriptor, "", times, unix.AT_EMPTY_PATH) })
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) {
		return errors.ErrUnsupported
	}
	return err
}

// directoryID identifies a directory among those that exist at the same time.
type directoryID struct{ device, inode uint64 }

// locate identifies the directory at a path, "." for d itself, if no link is on the way.
// ok is false in doubt.
func (d *Dir) locate(path string) (id directoryID, ok bool) {
	how := unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_BENEATH,
	}
	var status unix.Stat_t
	err := d.use(func(dir int) error {
		if path == "." {
			return unix.Fstat(dir, &status)
		}
		found, err := unix.Openat2(dir, path, &how)
		if err != nil {
			return err
		}
		defer unix.Close(found)
		return unix.Fstat(found, &status)
	})
	return directoryID{uint64(status.Dev), status.Ino}, err == nil //nolint:unconvert // another type elsewhere
}

// Getxattr reads an extended attribute of an open file. It returns nil if the file does
// not have it, and errors.ErrUnsupported if the file system has no such attributes.
func Getxattr(file File, name string) (value []byte, err error) {
	if f, ok := file.(Descriptor); ok {
		value, err = getxattr(f.number, name)
		return value, relative("getxattr", name, err)
	}
	err = control(file, func(descriptor int) (err error) {
		value, err = getxattr(descriptor, name)
		return err
	})
	return value, relative("getxattr", name, err)
}

// getxattr implements Getxattr.
func getxattr(descriptor int, name string) ([]byte, error) {
	var short [512]byte
	buffer := short[:]
	for {
		n, err := unix.Fgetxattr(descriptor, name, buffer)
		switch err {
		case nil:
			return append(make([]byte, 0, n), buffer[:n]...), nil
		case unix.EINTR:
		case unix.ERANGE:
			size, err := unix.Fgetxattr(descriptor, name, nil)
			if err != nil {
				return nil, err
			}
			buffer = make([]byte, size+1)
		case unix.ENODATA:
			return nil, nil
		default:
			return nil, err
		}
	}
}

// Setxattr sets an extended attribute of an open file. The error is errors.ErrUnsupported
// if the file system has no such attributes. ENOSPC may also mean that the value is too
// large for the file system.
func Setxattr(file File, name string, value []byte) error {
	if f, ok := file.(Descriptor); ok {
		return relative("setxattr", name, setxattr(f.number, name, value))
	}
	return relative("setxattr", name, control(file, func(descriptor int) error { return setxattr(descriptor, name, value) }))
}

func setxattr(descriptor int, name string, value []byte) error {
	return retry(func() error { return unix.Fsetxattr(descriptor, name, value, 0) })
}
