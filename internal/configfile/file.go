// Package configfile reads files that say what a program trusts: tokens, policies,
// certificates, authorities and keys. It has the one rule by which such a file is
// refused because other users of the machine can change or replace it.
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

// DefaultMaxBytes is how large a file may be by default.
const DefaultMaxBytes = 16 << 20

// Guard says which files are refused because of what other users of the machine can do
// with them. Windows is never asked: its modes say nothing.
type Guard int

const (
	// GuardNone refuses none.
	GuardNone Guard = iota
	// GuardMode refuses a file that its mode lets its group or others write to.
	GuardMode
	// GuardPath also refuses a file that belongs to another user than root and the one
	// that this process runs as; and one that can be replaced, because a directory or
	// link on the way to it can: see CheckPath.
	GuardPath
)

// attempts is how often a file is read that is replaced meanwhile.
const attempts = 3

var errReplaced = errors.New("it was replaced while it was read")

// Options of a File. The zero value reads any regular file.
type Options struct {
	// Guard says which files are refused.
	Guard Guard
	// Streams allows pipes and devices, too, which are read once: what they had then
	// is what Read returns from then on.
	Streams bool
	// MaxBytes is how large the content may be; 0: DefaultMaxBytes.
	MaxBytes int64
}

// File is a file whose content is asked for again and again. It is safe for concurrent
// use.
type File struct {
	name    string
	options Options

	mu sync.Mutex
	// stream is what a pipe or device had; nil if it has not been read, or is a regular
	// file. streamInfo is of it then.
	stream     []byte
	streamInfo fs.FileInfo
}

// New returns the file name, which is not looked at yet.
func New(name string, options Options) *File {
	if options.MaxBytes <= 0 {
		options.MaxBytes = DefaultMaxBytes
	}
	return &File{name: name, options: options}
}

// Read returns what the file has now, and its mode; of a pipe or device what it had at
// the first call. The error begins with the file's name.
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

// namedError is an error of a file, which begins with its name.
type namedError struct {
	name   string
	reason error
}

// Error implements error.
func (e *namedError) Error() string { return e.name + ": " + e.reason.Error() }

// Unwrap is the reason.
func (e *namedError) Unwrap() error { return e.reason }

// Reason is an error of Read without the file's name.
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
	// Asked before it is opened: opening a pipe waits for its other end.
	info, err := os.Stat(f.name)
	switch {
	case err != nil:
		return nil, nil, err
	case info.IsDir():
		return nil, nil, errors.New("it is a directory")
	case !info.Mode().IsRegular() && !f.options.Streams:
		return nil, nil, errors.New("it must be a regular file, for it is read again when it changes")
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

// admit is why a file that is what info says is refused; nil if it is not.
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
		return nil // the way to a pipe of the shell is no path
	}
	return checkPath(f.name, info)
}

// Readable reports whether the mode of a file lets others than its owner and group read
// it, on systems that have modes.
func Readable(info fs.FileInfo) bool { return hasModes() && info.Mode().Perm()&0o004 != 0 }

// Writable reports whether the mode of a file lets others than its owner write to it, on
// systems that have modes.
func Writable(info fs.FileInfo) bool { return hasModes() && info.Mode().Perm()&0o022 != 0 }

// hasModes: Windows says of every file that all may write to it.
func hasModes() bool { return runtime.GOOS != "windows" }

// checkMode does not tell the mode: what is logged once must stay the same.
func checkMode(info fs.FileInfo) error {
	if !Writable(info) {
		return nil
	}
	return errors.New("other users of this machine can write to it: chmod go-w it, or chmod 600 it")
}

// CheckInfo refuses a file or directory that others than root and the user of this
// process own or can write to.
func CheckInfo(info fs.FileInfo) error {
	if err := checkMode(info); err != nil {
		return err
	}
	return checkOwner(info)
}

// CheckPath refuses a file or directory that CheckInfo does, or that others can replace:
// because a directory on the way to it belongs to another user than root and the one of
// this process; or because its mode lets group or others write, unless it has the sticky
// bit and what follows on the way belongs to one of the two, or it is mounted read-only.
// Links on the way are followed, and the way to what they lead to is held to the same.
// The error begins with the name.
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
