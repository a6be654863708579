package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/rootfs"
)

// system has the functions of the operating system that tests replace to make them fail.
type system struct {
	// open opens the directory of a store with rootfs.OpenGuarded.
	open func(directory string) (*rootfs.Dir, error)
	// stat describes what is at an absolute path.
	stat     func(name string) (fs.FileInfo, error)
	create   func(dir *rootfs.Dir, name string) (*os.File, error)
	remove   func(dir *rootfs.Dir, name string) error
	truncate func(file *os.File, size int64) error
	chtimes  func(dir *rootfs.Dir, file rootfs.File, name string, modified time.Time) error
	// chtimesBoth also sets the access time.
	chtimesBoth func(dir *rootfs.Dir, file rootfs.File, name string, accessed, modified time.Time) error
	chmod       func(file rootfs.File, mode fs.FileMode) error
	readAt      func(file *os.File, data []byte, offset int64) (int, error)
	pread       func(file rootfs.Descriptor, data []byte, offset int64) (int, error)
	writeAt     func(file rootfs.File, offset int64, pieces ...[]byte) (int, error)
	clear       func(file *os.File, offset, length int64) error
	sync        func(file rootfs.File) error
	setxattr    func(file rootfs.File, name string, value []byte) error
	syncDir     func(dir *rootfs.Dir) error
	// entries reads the directory at path, which dir is: see rootfs.Dir.Entries.
	entries func(dir *rootfs.Dir, path string, each func(rootfs.Entry) bool) error
	free    func(dir *rootfs.Dir) (int64, error)
	// rename fails with fs.ErrExist if newName exists and replace is false.
	rename func(from *rootfs.Dir, name string, to *rootfs.Dir, newName string, replace bool) error
	// boot returns an identifier of the machine's boot; "" if it is unknown.
	boot func() string
	now  func() time.Time
}

func realSystem() system {
	return system{
		open: func(directory string) (*rootfs.Dir, error) { return rootfs.OpenGuarded(directory, stateAttributeName) },
		stat: os.Stat,
		create: func(dir *rootfs.Dir, name string) (*os.File, error) {
			return dir.CreateFile(name, 0o600)
		},
		remove:   (*rootfs.Dir).Remove,
		truncate: (*os.File).Truncate,
		chtimes:  (*rootfs.Dir).Chtimes,

		chtimesBoth: (*rootfs.Dir).ChtimesBoth,
		chmod:       rootfs.File.Chmod,

		boot:     bootID,
		now:      time.Now,
		readAt:   (*os.File).ReadAt,
		pread:    rootfs.Descriptor.ReadAt,
		writeAt:  rootfs.WriteAt,
		clear:    rootfs.Clear,
		sync:     rootfs.File.Sync,
		setxattr: rootfs.Setxattr,
		syncDir:  (*rootfs.Dir).Sync,
		entries:  func(dir *rootfs.Dir, _ string, each func(rootfs.Entry) bool) error { return dir.Entries(each) },
		free:     (*rootfs.Dir).FreeBytes,
		rename: func(from *rootfs.Dir, name string, to *rootfs.Dir, newName string, replace bool) error {
			if replace {
				return rootfs.Rename(from, name, to, newName)
			}
			return rootfs.RenameNoReplace(from, name, to, newName)
		},
	}
}

// bootID returns the identifier that Linux gives to the machine's boot.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil || len(id) > 128 {
		return ""
	}
	return strings.TrimSpace(string(id))
}

// fail converts an error of the operating system to one of the store. Its text has the
// operation and the path in the store, but not the location of the directory. If a link, a
// special file or the store's own state blocks the path, the error is ErrDenied, because only a
// user with access to the directory can remove it. If the file system finds a file with another
// spelling of the name, it is ErrExists.
func fail(op, path string, err error) error {
	if err == nil {
		return nil
	}
	if spelling, ok := errors.AsType[*rootfs.SpellingError](err); ok {
		at := &tranship.PathError{Path: path, Err: fmt.Errorf("%w: %w", tranship.ErrExists, spelling)}
		return failure.Worded(at, "%v", at.Err)
	}
	if _, ok := errors.AsType[*rootfs.NameError](err); ok {
		return &tranship.InvalidError{Field: "path", Rule: "the file system of this store must keep each name as it is spelled, and it changes one of this path"}
	}
	if obstacle, ok := errors.AsType[*rootfs.ObstacleError](err); ok {
		return failObstacle(path, obstacle)
	}
	cause := rootfs.Cause(err)
	is := func(kind error) bool { return errors.Is(cause, kind) }
	because := func(kind error) error { return failCause(op, path, kind, cause) }
	switch {
	case is(fs.ErrNotExist):
		return absent(path)
	case is(syscall.ENAMETOOLONG):
		return &tranship.InvalidError{Field: "path", Rule: "the path is too long for the file system of this store"}
	case is(syscall.ENOSPC):
		return because(tranship.ErrNoSpace)
	case is(syscall.EDQUOT):
		return because(tranship.ErrQuota)
	case is(syscall.EFBIG):
		return because(&tranship.LimitError{Limit: tranship.LimitFileSystem, Rule: "the file system of the store does not take a file this large"})
	case is(fs.ErrPermission), is(syscall.EROFS):
		return because(tranship.ErrDenied)
	case is(syscall.EMFILE), is(syscall.ENFILE):
		return because(tranship.ErrUnavailable)
	case is(fs.ErrClosed):
		return failCause(op, path, tranship.ErrUnavailable, errStoreClosed)
	case is(syscall.EXDEV):
		return failCause(op, path, tranship.ErrUnsupported, errMounted)
	}
	return &tranship.PathError{Op: op, Path: path, Err: cause}
}

var (
	errStoreClosed = errors.New("the store is closed")
	errMounted     = errors.New("another file system is mounted there")
)

// absent returns the error for a path without a file.
func absent(path string) error { return &tranship.PathError{Path: path, Err: tranship.ErrNotFound} }

// failCause returns the error for an operation that failed with cause. The error matches kind.
func failCause(op, path string, kind, cause error) error {
	at := &tranship.PathError{Op: op, Path: path, Err: fmt.Errorf("%w: %w", kind, cause)}
	return failure.Worded(at, "%v: cannot %s %s: %v", kind, op, path, cause)
}

// failObstacle returns the error for an operation at path that an obstacle blocks.
func failObstacle(path string, obstacle *rootfs.ObstacleError) error {
	at := &tranship.PathError{Path: path}
	switch {
	case obstacle.Hidden:
		at.Err = tranship.ErrDenied
		return failure.Worded(at, "%v: %s is the store's own state", at.Err, obstacle.Path)
	case obstacle.Mode.IsRegular() || obstacle.Mode.IsDir():
		at.Err = fmt.Errorf("%w: %w", tranship.ErrExists, obstacle)
	default:
		at.Err = fmt.Errorf("%w: %w, which this store does not touch", tranship.ErrDenied, obstacle)
	}
	return failure.Worded(at, "%v", at.Err)
}

// failRead is fail for operations on an existing file: an obstacle is ErrNotFound there.
func failRead(op, path string, err error) error {
	if rootfs.IsAbsent(err) {
		return absent(path)
	}
	return fail(op, path, err)
}
