// Package configfile reads files that configure what a program trusts: tokens, policies,
// certificates, authorities and keys. It has the one rule by which such a file is refused
// because other users of the machine can change or replace it.
package configfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"sync"
)

// DefaultMaxBytes is the default limit of a file's size.
const DefaultMaxBytes = 16 << 20

// Guard is which files are refused because of what other users of the machine can do with
// them. It has no effect on Windows, because modes carry no permissions there.
type Guard int

const (
	// GuardNone refuses no file.
	GuardNone Guard = iota
	// GuardMode refuses a file whose mode lets its group or others write to it.
	GuardMode
	// GuardPath also refuses a file that is owned by a user other than root and the
	// process's own, and a file that others can replace, because they can replace a
	// directory or link on the path to it: see CheckPath.
	GuardPath
)

// attempts bounds how often a file that is replaced during a read is read again.
const attempts = 3

var errReplaced = errors.New("it was replaced while it was read")

// Options of a File. The zero value reads any regular file.
type Options struct {
	// Guard is which files are refused.
	Guard Guard
	// Streams also allows pipes and devices. They are read once; later calls of Read
	// return the same content.
	Streams bool
	// MaxBytes is the largest size of the content; 0 means DefaultMaxBytes.
	MaxBytes int64
}

// File is a file that is read repeatedly. It is safe for concurrent use.
type File struct {
	name    string
	options Options

	mu sync.Mutex
	// stream is the content of a pipe or device, and streamInfo its description. Both are
	// nil before the first read, and for a regular file.
	stream     []byte
	streamInfo fs.FileInfo
}

// New returns the file called name. It does not access the file.
func New(name string, options Options) *File {
	if options.MaxBytes <= 0 {
		options.MaxBytes = DefaultMaxBytes
	}
	return &File{name: name, options: options}
}

// Read returns the current content and description of the file; for a pipe or device
// those of the first call. Errors begin with the file's name.
func (f *File) Read() (content []byte, info fs.FileInfo, err error) {
	for range attempts {
		if content, info, err = f.read(); !errors.Is(err, errReplaced) {
			break
		}
	}
	if err != nil {
		if failed, ok := errors.AsType[*fs.PathError](err); ok {
			err = failed.Err
		}
		return nil, nil, &namedError{f.name, err}
	}
	return content, info, nil
}

// namedError is an error that begins with the name of a file.
type namedError struct {
	name   string
	reason error
}

// Error implements error.
func (e *namedError) Error() string { return e.name + ": " + e.reason.Error() }

// Unwrap returns the reason.
func (e *namedError) Unwrap() error { return e.reason }

// Reason returns an error of Read without the file's name.
func Reason(err error) error {
	if named, ok := errors.AsType[*namedError](err); ok {
		return named.reason
	}
	return err
}

func (f *File) read() ([]byte, fs.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stream != nil {
		return f.stream, f.streamInfo, nil
	}
	// Stat comes before opening, because opening a pipe waits for its other end.
	info, err := os.Stat(f.name)
	switch {
	case err != nil:
		return nil, nil, err
	case info.IsDir():
		return nil, nil, errors.New("it is a directory")
	case !info.Mode().IsRegular() && !f.options.Streams:
		return nil, nil, errors.New("it must be a regular file, because it is read again when it changes")
	}
	file, err := os.Open(f.name)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil {
		return nil, nil, err
	}
	if err := f.admit(info); err != nil {
		return nil, nil, err
	}
	content, err := io.ReadAll(io.LimitReader(file, f.options.MaxBytes+1))
	if err != nil {
		return nil, nil, err
	}
	if int64(len(content)) > f.options.MaxBytes {
		return nil, nil, fmt.Errorf("it must have at most %d bytes", f.options.MaxBytes)
	}
	if !info.Mode().IsRegular() {
		f.stream, f.streamInfo = content, info
	}
	return content, info, nil
}

// admit returns why the file that info describes is refused, and nil if it is not.
func (f *File) admit(info fs.FileInfo) error {
	if f.options.Guard == GuardNone || info.Mode()&fs.ModeCharDevice != 0 {
		return nil
	}
	if err := checkMode(info); err != nil || f.options.Guard == GuardMode {
		return err
	}
	if err := checkOwner(info); err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return nil // the name of a shell's pipe is no path
	}
	return checkPath(f.name, info)
}

// Readable reports whether the mode of a file lets users other than its owner and group
// read it. It is false on Windows.
func Readable(info fs.FileInfo) bool { return hasModes() && info.Mode().Perm()&0o004 != 0 }

// Writable reports whether the mode of a file lets users other than its owner write to
// it. It is false on Windows.
func Writable(info fs.FileInfo) bool { return hasModes() && info.Mode().Perm()&0o022 != 0 }

// hasModes reports whether modes carry permissions. On Windows, every file is writable to
// all by its mode.
func hasModes() bool { return runtime.GOOS != "windows" }

// checkMode does not include the mode in its error, because an error that is logged once
// must stay the same.
func checkMode(info fs.FileInfo) error {
	if !Writable(info) {
		return nil
	}
	return errors.New("other users of this machine can write to it: chmod go-w it, or chmod 600 it")
}

// CheckInfo refuses a file or directory that users other than root and the process's own
// own or can write to.
func CheckInfo(info fs.FileInfo) error {
	if err := checkMode(info); err != nil {
		return err
	}
	return checkOwner(info)
}

// CheckPath refuses a file or directory that CheckInfo refuses, or that other users can
// replace. They can replace it if a directory on the path to it is owned by a user other
// than root and the process's own. They can also if the directory's mode lets its group
// or others write to it, unless it is mounted read-only, or it has the sticky bit and the
// next element of the path is owned by one of those two users. Links on the path are
// followed, and the same rule applies to the paths of their targets. Errors begin with
// the name.
func CheckPath(name string) error {
	info, err := os.Stat(name)
	if err == nil {
		err = CheckInfo(info)
	}
	if err == nil {
		err = checkPath(name, info)
	}
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		err = failed.Err
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
