// Package rootfs works on the files below one directory without ever following a symbolic
// link. An os.Root keeps a process inside its directory, but follows links that stay
// inside it, so a link "pub -> .private" would expose what a program hides there. Here a
// link, like everything else that is neither a directory nor a regular file, is an
// obstacle: it can be neither read nor written through.
//
// A directory is reached one segment at a time: each one is described with Lstat, opened
// through its parent's descriptor, and compared with that description. What os.Root
// cannot do (renaming without replacing, extended attributes, syncing, free space, locks)
// is done through descriptors that it gave.
//
// Paths are relative and separated by '/'. Errors name the path relative to the directory
// whose method was called, or only the last segment. Errors of a returned *os.File have
// its full name.
package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Dir is an open directory. It stays the same directory if it is moved. Methods that take
// a name take a single segment. Its methods are safe for concurrent use.
type Dir struct {
	root *os.Root
	// handle is a descriptor of the directory itself, opened when first needed.
	handle func() (*os.File, error)
	// shares counts the holders beside the first.
	shares atomic.Int32
	// uses counts the calls that use the handle, and has closedBit once the directory is closed.
	uses atomic.Int64

	// guard is nil except below a directory that OpenGuarded opened.
	guard *guard
	// ambiguous reports whether the directory finds more names than it lists.
	ambiguous func() bool
	// exact is whether no directory on the path to this one is ambiguous.
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
		root: root,
		// With nonblock, package os makes four system calls less.
		handle: sync.OnceValues(func() (*os.File, error) { return root.OpenFile(".", os.O_RDONLY|nonblock, 0) }),
	}
	d.ambiguous = sync.OnceValue(d.mayFold)
	return d
}

// Share returns the same directory for another holder, which must close it too.
func (d *Dir) Share() *Dir {
	d.shares.Add(1)
	return d
}

// Close releases the directory once all its holders have closed it. Open files stay open.
func (d *Dir) Close() error {
	if d.shares.Add(-1) >= 0 {
		return nil
	}
	err := d.root.Close()
	if d.uses.Or(closedBit) == 0 {
		err = errors.Join(err, d.closeHandle())
	}
	return err
}

// closedBit is greater than the number of calls that use a handle.
const closedBit = 1 << 62

// closeHandle closes the handle of a directory that is closed and not in use.
func (d *Dir) closeHandle() error {
	handle, err := d.handle()
	if err != nil {
		return nil //nolint:nilerr // it was never opened, and the root is closed now
	}
	return handle.Close()
}

// use calls do with the descriptor of the directory itself, which stays open meanwhile.
func (d *Dir) use(do func(descriptor int) error) error {
	handle, err := d.handle()
	if err != nil {
		return err
	}
	defer d.endUse()
	if d.uses.Add(1) > closedBit {
		return fs.ErrClosed
	}
	return do(int(handle.Fd()))
}

func (d *Dir) endUse() {
	if d.uses.Add(-1) == closedBit {
		_ = d.closeHandle() // if another call has closed it already, this does nothing
	}
}

// Stat describes the directory itself.
func (d *Dir) Stat() (fs.FileInfo, error) { return d.root.Stat(".") }

// Lstat describes the file, directory or link called name.
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

// Entry is an entry of a directory: a name and a type. It is no fs.DirEntry, whose Info
// would use a path.
type Entry struct {
	name    string
	kind    fs.FileMode
	unknown bool
}

// UnknownEntry returns an entry whose type is unknown: the directory does not list the
// type, and Lstat of the name fails.
func UnknownEntry(name string) Entry { return Entry{name, fs.ModeIrregular, true} }

// Name returns the last segment of the entry's path.
func (e Entry) Name() string { return e.name }

// Type returns the type bits of the entry's mode.
func (e Entry) Type() fs.FileMode { return e.kind }

// IsDir reports whether the entry is a directory.
func (e Entry) IsDir() bool { return e.kind.IsDir() }

// IsUnknown reports whether the entry's type is unknown because Lstat of it fails; its
// error is the reason. IsDir and Type().IsRegular are false then.
func (e Entry) IsUnknown() bool { return e.unknown }

// ReadDir returns all entries of the directory, in no particular order.
func (d *Dir) ReadDir() ([]Entry, error) { return readAll(d.Entries) }

func readAll(read func(each func(Entry) bool) error) ([]Entry, error) {
	var entries []Entry
	err := read(func(entry Entry) bool {
		entries = append(entries, entry)
		return true
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// Mkdir creates a directory. If name exists, even as a link, the error is fs.ErrExist. In
// a guarded tree, a name that the file system changes is a *NameError, and no directory
// is created.
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

// Chtimes sets the modified time of an open file and keeps its access time. Systems that
// need a name for that use name, with the caveat of Chmod.
func (d *Dir) Chtimes(file File, name string, modified time.Time) error {
	if err := checkSegment("chtimes", name); err != nil {
		return err
	}
	err := chtimes(file, time.Time{}, modified)
	if errors.Is(err, errors.ErrUnsupported) {
		err = d.root.Chtimes(d.resolve(name), time.Time{}, modified)
	}
	return relative("chtimes", name, err)
}

// ChtimesBoth is Chtimes, except that it also sets the access time. File systems that were
// made with libfuse 2 report success for a modified time alone, and ignore it.
func (d *Dir) ChtimesBoth(file File, name string, accessed, modified time.Time) error {
	if err := checkSegment("chtimes", name); err != nil {
		return err
	}
	err := chtimes(file, accessed, modified)
	if errors.Is(err, errors.ErrUnsupported) {
		err = d.root.Chtimes(d.resolve(name), accessed, modified)
	}
	return relative("chtimes", name, err)
}

// Remove removes name, which must not be a directory.
func (d *Dir) Remove(name string) error {
	if err := checkSegment("remove", name); err != nil {
		return err
	}
	return relative("remove", name, d.unlink(d.resolve(name)))
}

// RemoveDir removes an empty directory. It fails for anything else.
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

// Getxattr reads an extended attribute of the directory itself, like the function
// Getxattr for files.
func (d *Dir) Getxattr(name string) ([]byte, error) {
	handle, err := d.handle()
	if err != nil {
		return nil, err
	}
	return Getxattr(handle, name)
}

// Setxattr sets an extended attribute of the directory itself, like the function Setxattr
// for files.
func (d *Dir) Setxattr(name string, value []byte) error {
	handle, err := d.handle()
	if err != nil {
		return err
	}
	return Setxattr(handle, name, value)
}

// Sync makes the creation, renaming and removal of files in the directory durable. It
// does nothing on systems (Windows) and file systems that cannot sync a directory; see
// SyncError.
func (d *Dir) Sync() error {
	return relative("sync", ".", SyncError(d.sync()))
}

// SyncError returns nil for an error that means that the file system cannot sync directories,
// and otherwise err. 9P, SMB and some FUSE file systems return these errors; there is no other
// way to make a name durable there. An error of the storage, such as EIO, stays. It applies to
// directories only: each file system must sync files.
func SyncError(err error) error {
	for _, unable := range []error{syscall.EINVAL, syscall.EBADF, errors.ErrUnsupported} {
		if errors.Is(err, unable) {
			return nil
		}
	}
	return err
}

// FreeBytes returns the space that an unprivileged process may still use on the
// directory's file system, or math.MaxInt64 if the system does not report it, or reports a
// file system without blocks, as ramfs and many FUSE file systems do.
func (d *Dir) FreeBytes() (int64, error) {
	free, err := d.freeBytes()
	return free, relative("statfs", ".", err)
}

// Identity returns a file's inode number and the time of its last change in nanoseconds.
// The inode distinguishes files of one file system. The time distinguishes versions of
// one file that have the same size and modified time. Both are 0 if the system does not
// report them.
func Identity(info fs.FileInfo) (inode uint64, changed int64) {
	return identity(info)
}

// checkSegment fails unless name is a single segment. For a longer path, os.Root would
// follow links on the way.
func checkSegment(op, name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsFunc(name, isSeparator) {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return nil
}

func isSeparator(r rune) bool {
	return r == '/' || r < 0x80 && os.IsPathSeparator(byte(r))
}
