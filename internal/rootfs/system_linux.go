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
	handle, err := d.handle()
	if err != nil {
		return 0, err
	}
	var status unix.Statfs_t
	err = control(handle, func(dir int) error {
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
	status, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}
	}
	return time.Unix(status.Atim.Unix())
}

func identity(info fs.FileInfo) (inode uint64, changed int64) {
	status, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return status.Ino, status.Ctim.Nano()
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
	handle, err := d.handle()
	if err != nil {
		return -1, err
	}
	err = control(handle, func(dir int) error {
		return retry(func() (err error) {
			opened, err = unix.Openat(dir, name, flag|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_LARGEFILE, uint32(mode.Perm()))
			return err
		})
	})
	return opened, err
}

// chtimes sets the modified time of an open file, and its access time unless that is zero.
// The error is errors.ErrUnsupported if the system needs the file's name for that.
func chtimes(file *os.File, accessed, modified time.Time) error {
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
	handle, err := d.handle()
	if err != nil {
		return directoryID{}, false
	}
	how := unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_BENEATH,
	}
	var status unix.Stat_t
	err = control(handle, func(dir int) error {
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
func Getxattr(file *os.File, name string) ([]byte, error) {
	var value []byte
	err := control(file, func(descriptor int) error {
		buffer := make([]byte, 512)
		for {
			n, err := unix.Fgetxattr(descriptor, name, buffer)
			switch err {
			case nil:
				value = buffer[:n]
				return nil
			case unix.EINTR:
			case unix.ERANGE:
				size, err := unix.Fgetxattr(descriptor, name, nil)
				if err != nil {
					return err
				}
				buffer = make([]byte, size+1)
			default:
				return err
			}
		}
	})
	if errors.Is(err, unix.ENODATA) {
		return nil, nil
	}
	return value, relative("getxattr", name, err)
}

// Inspect describes a name that the directory has just listed as a regular file, and
// reads one of its extended attributes. Like OpenListed, it does not check the spelling
// of the name; it follows no link. value is nil if the file does not have the attribute,
// or a long one. Inspect costs less than opening the file. If ok is false, OpenFile gives
// the reason.
func (d *Dir) Inspect(name, attribute string) (info fs.FileInfo, value []byte, ok bool) {
	name = d.resolve(name)
	handle, err := d.handle()
	if err != nil || checkSegment("open", name) != nil {
		return nil, nil, false
	}
	found := &inspected{name: name}
	err = control(handle, func(dir int) error {
		file, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_LARGEFILE, 0)
		if err != nil {
			return err
		}
		defer unix.Close(file)
		if err := unix.Fstat(file, &found.status); err != nil {
			return err
		}
		if d.hidesStatus(&found.status) {
			return unix.ENOENT
		}
		var buffer [512]byte
		n, err := unix.Fgetxattr(file, attribute, buffer[:])
		if err == nil {
			value = append([]byte(nil), buffer[:n]...)
		}
		return nil // the file does not have the attribute
	})
	return found, value, err == nil && found.status.Mode&unix.S_IFMT == unix.S_IFREG
}

// inspected implements fs.FileInfo for a regular file.
type inspected struct {
	name   string
	status unix.Stat_t
}

func (i *inspected) Name() string       { return i.name }
func (i *inspected) Size() int64        { return i.status.Size }
func (i *inspected) Mode() fs.FileMode  { return fs.FileMode(i.status.Mode & 0o777) }
func (i *inspected) ModTime() time.Time { return time.Unix(i.status.Mtim.Unix()) }
func (i *inspected) IsDir() bool        { return false }
func (i *inspected) Sys() any           { return nil }

// Setxattr sets an extended attribute of an open file. The error is errors.ErrUnsupported
// if the file system has no such attributes. ENOSPC may also mean that the value is too
// large for the file system.
func Setxattr(file *os.File, name string, value []byte) error {
	return relative("setxattr", name, control(file, func(descriptor int) error {
		return retry(func() error { return unix.Fsetxattr(descriptor, name, value, 0) })
	}))
}
