package rootfs

import (
	"io/fs"
	"os"
	"syscall"
)

// File is an open file of either kind: an *os.File, or a Descriptor where the system has them.
type File interface {
	syscall.Conn
	Name() string
	Stat() (fs.FileInfo, error)
	ReadAt(p []byte, offset int64) (int, error)
	WriteAt(p []byte, offset int64) (int, error)
	Chmod(mode fs.FileMode) error
	Sync() error
	Close() error
}

// OpenFile opens a regular file for reading, and describes the file that it opened. It
// does not wait for the writer of a FIFO. Anything but a regular file is an
// *ObstacleError.
func (d *Dir) OpenFile(name string) (*os.File, fs.FileInfo, error) {
	return d.openFile(name, os.O_RDONLY, d.admit)
}

// OpenListed is OpenFile for a name that the directory has just listed. Like SubListed,
// it does not check the spelling of the name.
func (d *Dir) OpenListed(name string) (*os.File, fs.FileInfo, error) {
	return d.openFile(name, os.O_RDONLY, d.admitListed)
}

// OpenFileWrite is OpenFile for reading and writing.
func (d *Dir) OpenFileWrite(name string) (*os.File, fs.FileInfo, error) {
	return d.openFile(name, os.O_RDWR, d.admit)
}

func (d *Dir) openFile(name string, flag int, admit func(name string, found fs.FileInfo) error) (*os.File, fs.FileInfo, error) {
	if err := checkSegment("open", name); err != nil {
		return nil, nil, err
	}
	last := error(&fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist})
	for range attempts {
		stored := d.resolve(name)
		seen, err := d.root.Lstat(stored)
		if err != nil {
			return nil, nil, err
		}
		if !seen.Mode().IsRegular() {
			return nil, nil, &ObstacleError{Path: name, Mode: seen.Mode()}
		}
		file, err := d.openAt(stored, flag|nonblock, 0)
		if err != nil {
			last = err // perhaps of a link that took its place for a moment
			continue
		}
		opened, err := file.Stat()
		if err != nil {
			file.Close()
			return nil, nil, relative("stat", name, err)
		}
		if opened.Mode().IsRegular() && (os.SameFile(seen, opened) || d.is(stored, opened)) {
			if d.guard == nil {
				return file, opened, nil
			}
			if err := admit(name, opened); err != nil {
				file.Close()
				return nil, nil, err
			}
			return file, opened, nil
		}
		file.Close()
	}
	return nil, nil, last
}

// is reports whether name is the file itself at this moment, rather than a link to it.
func (d *Dir) is(name string, file fs.FileInfo) bool {
	seen, err := d.root.Lstat(name)
	return err == nil && os.SameFile(seen, file)
}

// CreateFile creates a regular file for reading and writing. If name exists, even as a
// link, the error is fs.ErrExist.
func (d *Dir) CreateFile(name string, mode fs.FileMode) (*os.File, error) {
	if err := checkSegment("create", name); err != nil {
		return nil, err
	}
	return d.openAt(d.resolve(name), os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
}
