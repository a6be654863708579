//go:build !linux

package rootfs

import (
	"errors"
	"io/fs"
	"syscall"
	"time"
)

// Descriptor is an open file for one short use. This system has none.
type Descriptor struct{}

var _ File = Descriptor{}

func (d *Dir) status(name string) (Status, error) { return d.lstatStatus(name) }

func (d *Dir) statusListed(name string) (Status, error) {
	info, err := d.root.Lstat(d.resolve(name))
	if err == nil {
		err = d.admitListed(name, info)
	}
	if err != nil {
		return Status{}, err
	}
	return Status{Size: info.Size(), ModTime: info.ModTime(), Mode: info.Mode()}, nil
}

// OpenDescriptor returns errors.ErrUnsupported.
func (d *Dir) OpenDescriptor(string) (Descriptor, error) {
	return Descriptor{}, errors.ErrUnsupported
}

// OpenListedDescriptor returns errors.ErrUnsupported.
func (d *Dir) OpenListedDescriptor(string) (Descriptor, *Info, error) {
	return Descriptor{}, nil, errors.ErrUnsupported
}

// OpenDescriptorOf returns errors.ErrUnsupported.
func (d *Dir) OpenDescriptorOf(string) (Descriptor, *Info, error) {
	return Descriptor{}, nil, errors.ErrUnsupported
}

// Info describes a file. This system has none.
type Info struct{ fs.FileInfo }

// Equal reports false.
func (i *Info) Equal(*Info) bool { return false }

// CreateDescriptor returns errors.ErrUnsupported.
func (d *Dir) CreateDescriptor(string, fs.FileMode) (Descriptor, error) {
	return Descriptor{}, errors.ErrUnsupported
}

// Name returns nothing.
func (f Descriptor) Name() string { return "" }

// Info returns errors.ErrUnsupported.
func (f Descriptor) Info() (*Info, error) { return nil, errors.ErrUnsupported }

// Stat returns errors.ErrUnsupported.
func (f Descriptor) Stat() (fs.FileInfo, error) { return nil, errors.ErrUnsupported }

// WriteAt returns errors.ErrUnsupported.
func (f Descriptor) WriteAt([]byte, int64) (int, error) { return 0, errors.ErrUnsupported }

// Sync returns errors.ErrUnsupported.
func (f Descriptor) Sync() error { return errors.ErrUnsupported }

// SyscallConn returns errors.ErrUnsupported.
func (f Descriptor) SyscallConn() (syscall.RawConn, error) { return nil, errors.ErrUnsupported }

// Create is CreateFile.
func (d *Dir) Create(name string, mode fs.FileMode) (File, error) {
	created, err := d.CreateFile(name, mode)
	if err != nil {
		return nil, err
	}
	return created, nil
}

// Status returns errors.ErrUnsupported.
func (f Descriptor) Status() (Status, error) { return Status{}, errors.ErrUnsupported }

// ReadAt returns errors.ErrUnsupported.
func (f Descriptor) ReadAt([]byte, int64) (int, error) { return 0, errors.ErrUnsupported }

// Write returns errors.ErrUnsupported.
func (f Descriptor) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }

// Lock returns errors.ErrUnsupported.
func (f Descriptor) Lock() (bool, error) { return false, errors.ErrUnsupported }

// Chmod returns errors.ErrUnsupported.
func (f Descriptor) Chmod(fs.FileMode) error { return errors.ErrUnsupported }

// Chtimes returns errors.ErrUnsupported.
func (f Descriptor) Chtimes(time.Time) error { return errors.ErrUnsupported }

// Close returns errors.ErrUnsupported.
func (f Descriptor) Close() error { return errors.ErrUnsupported }
