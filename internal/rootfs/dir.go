// Package rootfs works on the files below one directory without ever following a
// symbolic link. An os.Root keeps a process inside its directory, but follows
// links that stay inside it, so a link "pub -> .private" would expose what a
// program hides there. Here a link, like anything else that is neither a
// directory nor a regular file, is an obstacle: there is nothing to read at it or
// below it, and nothing can be written through it.
//
// A directory is reached one segment at a time: looked at with Lstat, opened
// through its parent's descriptor, and compared with what was looked at. What
// os.Root cannot do (renaming without replacing, extended attributes, syncing,
// free space, locks) is done through descriptors that it gave.
//
// Paths are relative and separated by '/'. Errors name the path relative to the
// directory they were asked of, or only its last segment, except where an
// *os.File is handed out: its own errors carry the full name.
package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Dir is an open directory. It stays the same directory if it is moved. Methods
// that take a name take a single segment. It is safe for concurrent use.
type Dir struct {
	root *os.Root
	// handle is a descriptor of the directory itself, opened when first needed.
	handle func() (*os.File, error)
	// shares are the holders beside the first.
	shares atomic.Int32

	// guard is nil except below a directory that OpenGuarded opened.
	guard *guard
	// ambiguous tells whether the directory finds more names than it lists.
	ambiguous func() bool
	// exact tells that no directory on the way here is ambiguous.
	exact bool
}

// Open opens a directory of the operating system. Symbolic links in name itself
// are followed.
func Open(name string) (*Dir, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return New(root), nil
}

// New returns the directory of an os.Root, and owns it from then on.
func New(root *os.Root) *Dir {
	d := &Dir{
		root:   root,
		handle: sync.OnceValues(func() (*os.File, error) { return root.Open(".") }),
	}
	d.ambiguous = sync.OnceValue(d.mayFold)
	return d
}

// Share returns the same directory for one more holder, who closes it as well.
func (d *Dir) Share() *Dir {
	d.shares.Add(1)
	return d
}

// Close releases the directory, when its last holder does; its files stay open.
func (d *Dir) Close() error {
	if d.shares.Add(-1) >= 0 {
		return nil
	}
	err := d.root.Close()
	// When it was never opened this fails, now that the root is closed.
	if handle, failed := d.handle(); failed == nil {
		err = errors.Join(err, handle.Close())
	}
	return err
}

// Stat describes the directory itself.
func (d *Dir) Stat() (fs.FileInfo, error) { return d.root.Stat(".") }

// Lstat describes what is under a name.
func (d *Dir) Lstat(name string) (fs.FileInfo, error) {
	if err := checkSegment("lstat", name); err != nil {
		return nil, err
	}
	info, err := d.root.Lstat(d.resolve(name))
	if err != nil || d.guard == nil {
		return info, err
	}
	if err := d.admit(name, info); err != nil {
		return nil, err
	}
	return info, nil
}

// Entry is what is in a directory: a name and a type, and no fs.DirEntry, whose Info
// would look by a path.
type Entry struct {
	name    string
	kind    fs.FileMode
	unknown bool
}

// UnknownEntry is what a directory has under a name when neither the directory tells its
// type nor what is there can be looked at.
func UnknownEntry(name string) Entry { return Entry{name, fs.ModeIrregular, true} }

// Name is the last element of its path.
func (e Entry) Name() string { return e.name }

// Type has the type bits of its mode.
func (e Entry) Type() fs.FileMode { return e.kind }

// IsDir reports whether it is a directory.
func (e Entry) IsDir() bool { return e.kind.IsDir() }

// IsUnknown reports whether its type is not known because it cannot be looked at: Lstat
// tells why. IsDir is false, and so is Type().IsRegular.
func (e Entry) IsUnknown() bool { return e.unknown }

// ReadDir returns all that is in the directory, in no order.
func (d *Dir) ReadDir() ([]Entry, error) {
	var entries []Entry
	err := d.Entries(func(entry Entry) bool {
		entries = append(entries, entry)
		return true
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// OpenFile opens a regular file for reading and describes it as it was opened. A
// FIFO in its place does not block. Anything but a regular file is an
// *ObstacleError.
func (d *Dir) OpenFile(name string) (*os.File, fs.FileInfo, error) {
	return d.openFile(name, os.O_RDONLY, d.admit)
}

// OpenListed is OpenFile for a name that the directory has just listed, as SubListed is
// Sub.
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
			last = err // perhaps a link's that took its place for a moment
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

// is reports whether a file is now under a name itself, not behind a link.
func (d *Dir) is(name string, file fs.FileInfo) bool {
	seen, err := d.root.Lstat(name)
	return err == nil && os.SameFile(seen, file)
}

// CreateFile creates a regular file that was not there, for reading and writing.
// Whatever is there, a link too, is fs.ErrExist.
func (d *Dir) CreateFile(name string, mode fs.FileMode) (*os.File, error) {
	if err := checkSegment("create", name); err != nil {
		return nil, err
	}
	return d.openAt(d.resolve(name), os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
}

// Mkdir creates a directory. Whatever is there, a link too, is fs.ErrExist. In a guarded
// tree, a name that the file system changes is a *NameError, and no directory is made.
func (d *Dir) Mkdir(name string, mode fs.FileMode) error {
	if err := checkSegment("mkdir", name); err != nil {
		return err
	}
	if err := d.root.Mkdir(d.resolve(name), mode); err != nil || !d.Ambiguous() {
		return err
	}
	err := d.CheckSpelling(name)
	if _, ok := errors.AsType[*SpellingError](err); ok {
		return errors.Join(&NameError{Path: name}, d.rmdir(d.resolve(name)))
	}
	return err
}

// Chmod sets a file's permissions by name. If a link takes the file's place at
// that moment, it may change the link, but not what it points to.
func (d *Dir) Chmod(name string, mode fs.FileMode) error {
	if err := checkSegment("chmod", name); err != nil {
		return err
	}
	return d.root.Chmod(d.resolve(name), mode)
}

// Chtimes sets the modified time of an open file and leaves the time of access. Where
// the system needs a name for that, it is the file's in the directory, with the same
// caveat as of Chmod.
func (d *Dir) Chtimes(file *os.File, name string, modified time.Time) error {
	if err := checkSegment("chtimes", name); err != nil {
		return err
	}
	err := chtimes(file, modified)
	if errors.Is(err, errors.ErrUnsupported) {
		err = d.root.Chtimes(d.resolve(name), time.Time{}, modified)
	}
	return relative("chtimes", name, err)
}

// Remove removes what is under a name if it is not a directory.
func (d *Dir) Remove(name string) error {
	if err := checkSegment("remove", name); err != nil {
		return err
	}
	return relative("remove", name, d.unlink(d.resolve(name)))
}

// RemoveDir removes an empty directory, and never anything else.
func (d *Dir) RemoveDir(name string) error {
	if err := checkSegment("rmdir", name); err != nil {
		return err
	}
	if d.guard != nil {
		if _, err := d.Lstat(name); err != nil {
			return err
		}
	}
	return relative("rmdir", name, d.rmdir(d.resolve(name)))
}

// Getxattr reads an extended attribute of the directory itself, as Getxattr does of a
// file.
func (d *Dir) Getxattr(name string) ([]byte, error) {
	handle, err := d.handle()
	if err != nil {
		return nil, err
	}
	return Getxattr(handle, name)
}

// Setxattr sets an extended attribute of the directory itself, as Setxattr does of a
// file.
func (d *Dir) Setxattr(name string, value []byte) error {
	handle, err := d.handle()
	if err != nil {
		return err
	}
	return Setxattr(handle, name, value)
}

// Sync makes the directory's entries durable: files that were created in it,
// renamed or removed. It does nothing where the system cannot (Windows).
func (d *Dir) Sync() error {
	return relative("sync", ".", d.sync())
}

// FreeBytes is the space that an unprivileged process may still use on the
// directory's file system; math.MaxInt64 where the system does not tell.
func (d *Dir) FreeBytes() (int64, error) {
	free, err := d.freeBytes()
	return free, relative("statfs", ".", err)
}

// Identity tells files of one file system apart, and changes of one file that keep
// its size and modified time: the inode's number and the time of its last change
// in nanoseconds. Both are 0 where the system does not tell.
func Identity(info fs.FileInfo) (inode uint64, changed int64) {
	return identity(info)
}

// checkSegment fails for what is not one segment, because os.Root would follow
// links on the way to the last.
func checkSegment(op, name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsFunc(name, isSeparator) {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return nil
}

func isSeparator(r rune) bool {
	return r == '/' || r < 0x80 && os.IsPathSeparator(byte(r))
}
