package rootfs

import (
	"io/fs"
	"time"

	"golang.org/x/sys/unix"
)

// Descriptor is an open file for one short use. Each method is one system call, and neither
// opening nor closing makes another, as an *os.File does to find out whether it can be polled.
// The caller must close it. It is not safe for concurrent use.
type Descriptor struct{ number int }

// OpenDescriptor opens the file or directory at a path below d for reading, as OpenBelow does.
func (d *Dir) OpenDescriptor(path string) (Descriptor, error) {
	opened, err := d.openBelow(path)
	return Descriptor{opened}, err
}

// CreateDescriptor creates a regular file for writing, as CreateFile does.
func (d *Dir) CreateDescriptor(name string, mode fs.FileMode) (Descriptor, error) {
	if err := checkSegment("create", name); err != nil {
		return Descriptor{}, err
	}
	created, err := d.openDescriptor(d.resolve(name), unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, mode)
	return Descriptor{created}, relative("open", name, err)
}

// Status describes the file.
func (f Descriptor) Status() (Status, error) {
	var status unix.Stat_t
	if err := retry(func() error { return unix.Fstat(f.number, &status) }); err != nil {
		return Status{}, err
	}
	return statusOf(&status), nil
}

func statusOf(status *unix.Stat_t) Status {
	return Status{
		Size:     status.Size,
		ModTime:  time.Unix(status.Mtim.Unix()),
		Mode:     typeOf(status.Mode&unix.S_IFMT>>12) | fs.FileMode(status.Mode&0o777),
		NoBlocks: status.Blocks == 0,
	}
}

// status implements Status for a directory without a guard.
func (d *Dir) status(name string) (Status, error) {
	handle, err := d.handle()
	if err != nil {
		return Status{}, err
	}
	var status unix.Stat_t
	err = control(handle, func(dir int) error {
		return retry(func() error { return unix.Fstatat(dir, name, &status, unix.AT_SYMLINK_NOFOLLOW) })
	})
	if err != nil {
		return Status{}, relative("lstat", name, err)
	}
	return statusOf(&status), nil
}

// ReadAt reads from an offset. It may read less than there is; 0 bytes are the end.
func (f Descriptor) ReadAt(p []byte, offset int64) (n int, err error) {
	err = retry(func() (err error) {
		n, err = unix.Pread(f.number, p, offset)
		return err
	})
	return max(n, 0), err
}

// Write appends to the file. It may write less than all.
func (f Descriptor) Write(p []byte) (n int, err error) {
	err = retry(func() (err error) {
		n, err = unix.Write(f.number, p)
		return err
	})
	return max(n, 0), err
}

// Lock takes the exclusive lock of the file, as the function Lock does.
func (f Descriptor) Lock() (bool, error) { return lock(f.number) }

// Chmod sets the permissions.
func (f Descriptor) Chmod(mode fs.FileMode) error {
	return retry(func() error { return unix.Fchmod(f.number, uint32(mode.Perm())) })
}

// Chtimes sets the modified time and keeps the access time.
func (f Descriptor) Chtimes(modified time.Time) error {
	return setTimes(f.number, time.Time{}, modified)
}

// Close closes the file.
func (f Descriptor) Close() error { return unix.Close(f.number) }
