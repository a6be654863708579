package rootfs

import (
	"io"
	"io/fs"
	"path"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Descriptor is an open file for one short use. Each method is one system call, and neither
// opening nor closing makes another, as an *os.File does to find out whether it can be polled.
// The caller must close it once, and not use it afterwards: its number may be that of another
// file then. It is not safe for concurrent use.
type Descriptor struct {
	number int
	name   string
}

var _ File = Descriptor{}

// Create is CreateFile for one short use.
func (d *Dir) Create(name string, mode fs.FileMode) (File, error) {
	created, err := d.CreateDescriptor(name, mode)
	if err != nil {
		return nil, err
	}
	return created, nil
}

// OpenDescriptor opens the file or directory at a path below d for reading, as OpenBelow does.
func (d *Dir) OpenDescriptor(path string) (Descriptor, error) {
	opened, err := d.openBelow(path, 0)
	return Descriptor{opened, path}, err
}

// OpenListedDescriptor opens a regular file for reading, and describes it, as OpenListed does.
// When it fails, OpenListed gives the reason.
func (d *Dir) OpenListedDescriptor(name string) (Descriptor, *Info, error) {
	if err := checkSegment("open", name); err != nil {
		return Descriptor{}, nil, err
	}
	number, err := d.openDescriptor(d.resolve(name), unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return Descriptor{}, nil, relative("open", name, err)
	}
	opened := Descriptor{number, name}
	info, err := opened.Info()
	if err == nil {
		err = d.admitRegular(info)
	}
	if err != nil {
		_ = opened.Close()
		return Descriptor{}, nil, relative("open", name, err)
	}
	return opened, info, nil
}

// OpenDescriptorOf is OpenListedDescriptor for a name that the directory may not have listed. It
// opens nothing that it does not find to be a regular file: to open a device can have an effect.
// Like OpenListed, it does not check the spelling of the name. It describes the file that was
// there before it opened one. The caller must compare that with Descriptor.Info before it uses
// what it has read: the file may have been replaced, by a file of any kind.
func (d *Dir) OpenDescriptorOf(name string) (Descriptor, *Info, error) {
	if err := checkSegment("open", name); err != nil {
		return Descriptor{}, nil, err
	}
	name = d.resolve(name)
	seen, number := &Info{name: name}, -1
	err := d.use(func(dir int) error {
		if err := retry(func() error { return unix.Fstatat(dir, name, &seen.status, unix.AT_SYMLINK_NOFOLLOW) }); err != nil {
			return err
		}
		if err := d.admitRegular(seen); err != nil {
			return err
		}
		return retry(func() (err error) {
			number, err = openat(dir, name, unix.O_RDONLY|unix.O_NONBLOCK, 0)
			return err
		})
	})
	return Descriptor{number, name}, seen, relative("open", name, err)
}

// admitRegular fails for what is not a regular file, and for what the guard hides.
func (d *Dir) admitRegular(found *Info) error {
	if !found.Mode().IsRegular() || d.hidesStatus(&found.status) {
		return fs.ErrNotExist
	}
	return nil
}

// Info implements fs.FileInfo for a file that was described without package os. Functions of
// package os do not know it; Identity does.
type Info struct {
	name   string
	status unix.Stat_t
}

// Name implements fs.FileInfo.
func (i *Info) Name() string { return i.name }

// Size implements fs.FileInfo.
func (i *Info) Size() int64 { return i.status.Size }

// Mode implements fs.FileInfo.
func (i *Info) Mode() fs.FileMode { return modeOf(i.status.Mode) }

// ModTime implements fs.FileInfo.
func (i *Info) ModTime() time.Time { return time.Unix(i.status.Mtim.Unix()) }

// IsDir implements fs.FileInfo.
func (i *Info) IsDir() bool { return i.Mode().IsDir() }

// Sys implements fs.FileInfo.
func (i *Info) Sys() any { return &i.status }

// Equal reports whether i and other describe the same file, and nothing has changed it between
// them: neither its content nor its attributes.
func (i *Info) Equal(other *Info) bool {
	a, b := &i.status, &other.status
	return a.Dev == b.Dev && a.Ino == b.Ino && a.Mode == b.Mode && a.Size == b.Size && a.Mtim == b.Mtim && a.Ctim == b.Ctim
}

// modeOf returns the type and the permissions of a file.
func modeOf(mode uint32) fs.FileMode {
	return typeOf(mode&unix.S_IFMT>>12) | fs.FileMode(mode&0o777)
}

// CreateDescriptor creates a regular file for reading and writing, as CreateFile does.
func (d *Dir) CreateDescriptor(name string, mode fs.FileMode) (Descriptor, error) {
	if err := checkSegment("create", name); err != nil {
		return Descriptor{}, err
	}
	created, err := d.openDescriptor(d.resolve(name), unix.O_RDWR|unix.O_CREAT|unix.O_EXCL, mode)
	return Descriptor{created, name}, relative("open", name, err)
}

// Name returns the path with which the file was opened.
func (f Descriptor) Name() string { return f.name }

// Info describes the file.
func (f Descriptor) Info() (*Info, error) {
	info := &Info{name: path.Base(f.name)}
	if err := retry(func() error { return unix.Fstat(f.number, &info.status) }); err != nil {
		return nil, relative("stat", f.name, err)
	}
	return info, nil
}

// Stat is Info for a File.
func (f Descriptor) Stat() (fs.FileInfo, error) {
	info, err := f.Info()
	if err != nil {
		return nil, err
	}
	return info, nil
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
		Mode:     modeOf(status.Mode),
		NoBlocks: status.Blocks == 0,
		Device:   uint64(status.Dev), //nolint:unconvert // another type elsewhere
	}
}

// status implements Status for a directory without a guard.
func (d *Dir) status(name string) (Status, error) { return d.statusListed(name) }

// statusListed implements StatusListed.
func (d *Dir) statusListed(name string) (Status, error) {
	stored := d.resolve(name)
	var status unix.Stat_t
	err := d.use(func(dir int) error {
		return retry(func() error { return unix.Fstatat(dir, stored, &status, unix.AT_SYMLINK_NOFOLLOW) })
	})
	if err != nil {
		return Status{}, relative("lstat", name, err)
	}
	if d.hidesStatus(&status) {
		return Status{}, &ObstacleError{Path: name, Mode: statusOf(&status).Mode, Hidden: true}
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

// WriteAt writes all of p at an offset.
func (f Descriptor) WriteAt(p []byte, offset int64) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		err = retry(func() (err error) {
			m, err = unix.Pwrite(f.number, p[n:], offset+int64(n))
			return err
		})
		if n += max(m, 0); m == 0 && err == nil {
			err = io.ErrShortWrite
		}
	}
	return n, relative("write", f.name, err)
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

// Sync makes the content and the attributes durable.
func (f Descriptor) Sync() error {
	return relative("sync", f.name, retry(func() error { return unix.Fsync(f.number) }))
}

// SyscallConn implements syscall.Conn.
func (f Descriptor) SyscallConn() (syscall.RawConn, error) { return rawDescriptor(f.number), nil }

// rawDescriptor implements syscall.RawConn for a file, which is always ready.
type rawDescriptor int

func (r rawDescriptor) Control(do func(uintptr)) error {
	do(uintptr(r))
	return nil
}

func (r rawDescriptor) Read(do func(uintptr) bool) error {
	do(uintptr(r))
	return nil
}

func (r rawDescriptor) Write(do func(uintptr) bool) error { return r.Read(do) }

// Close closes the file.
func (f Descriptor) Close() error { return unix.Close(f.number) }
