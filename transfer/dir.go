package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// Dir is a local directory as one end of a copy: a Source, and a tranship.Writer.
// Paths are relative to it and never lead out of it, not even through symbolic
// links. It is safe for concurrent use.
//
// A new file is written under a temporary name beside its target, and renamed over
// it at commit: nobody sees half of it. Its parents are created. It is not synced
// unless its spec asks for tranship.DurabilityDurable. Modified time and mode are
// kept; user metadata is not. A process that is killed may leave a file that
// begins with ".tranship-" and ends with ".tmp": the next upload to the same target
// removes it, or anybody.
//
// An upload with a tranship.Spec.ResumeKey is resumable, also by another process:
// its temporary file, whose name depends on the target's and ends with ".part", has
// a journal beside it, ".journal". Who resumes it must read its parts back, because
// what was not synced may be lost in a crash; Copy does. There is one for each
// target: an upload of another source, size or key begins anew. While a process
// has it, uploads of other processes to the same target are not resumable. What was
// given up stays until the target is replaced by another upload, or it is removed.
type Dir struct {
	root *os.Root
	// top owns root; directories are those below it that are in use.
	top         *rootfs.Dir
	directories *rootfs.Cache

	mu sync.Mutex
	// resumable are the latest resumable uploads of this process, by path.
	resumable map[string]*localUpload
}

var (
	_ Source          = (*Dir)(nil)
	_ tranship.Writer = (*Dir)(nil)
)

// OpenDir opens an existing directory of this machine.
func OpenDir(name string) (*Dir, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, localError(err)
	}
	top := rootfs.New(root)
	return &Dir{root: root, top: top, directories: rootfs.NewCache(top)}, nil
}

// Close releases the directory.
func (d *Dir) Close() error {
	d.directories.Close()
	return d.top.Close()
}

// Stat describes a regular file, without following a symbolic link.
func (d *Dir) Stat(_ context.Context, name string) (tranship.File, error) {
	info, err := d.root.Lstat(localName(name))
	if err != nil {
		return tranship.File{}, localError(err)
	}
	if !info.Mode().IsRegular() {
		return tranship.File{}, fmt.Errorf("%w: %s is %s", tranship.ErrNotFound, name, kind(info.Mode()))
	}
	return fileOf(name, info), nil
}

// Open implements Source. It takes any name that the local system has, also ones
// that are not valid paths. There are no versions.
func (d *Dir) Open(_ context.Context, name string, options tranship.OpenOptions) (tranship.Content, error) {
	f, err := d.openFile(name)
	if err != nil {
		return nil, localError(err)
	}
	return newLocalContent(f, name, options)
}

// openFile opens what is under a name, from its open directory if that is enough. A
// name may have become a pipe since it was listed; opening one would block.
func (d *Dir) openFile(name string) (*os.File, error) {
	if !strings.HasPrefix(name, "/") { // which Split would forget
		directory, last := rootfs.Split(name)
		if dir, err := d.openDirectory(directory); err == nil {
			defer dir.Close()
			if f, err := dir.OpenEntry(last); err == nil {
				return f, nil
			}
		}
	}
	return d.root.OpenFile(localName(name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// openDirectory opens a directory, also through links that stay inside the root, and
// keeps it open if there are none.
func (d *Dir) openDirectory(name string) (*rootfs.Dir, error) {
	if dir := d.directories.Find(name); dir != nil {
		return dir, nil
	}
	root, err := d.root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	dir := rootfs.New(root)
	d.directories.Keep(name, dir)
	return dir, nil
}

// Absolute is the absolute path of a file in the directory.
func (d *Dir) Absolute(name string) string {
	root, err := filepath.Abs(d.root.Name())
	if err != nil {
		return ""
	}
	return filepath.Join(root, filepath.FromSlash(name))
}

// localName is the name of a path for os.Root, which calls itself ".".
func localName(name string) string {
	if name == "" {
		return "."
	}
	return name
}

func fileOf(name string, info fs.FileInfo) tranship.File {
	return tranship.File{Path: name, Size: info.Size(), ModTime: info.ModTime(), Mode: info.Mode().Perm()}
}

// kind says in words what a file is that cannot be copied.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "a special file"
}

// parents creates the directories above name.
func (d *Dir) parents(name string) error {
	parent := path.Dir(name)
	if parent == "." {
		return nil
	}
	err := d.root.MkdirAll(parent, 0o777)
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s has a file above it", tranship.ErrExists, name)
	}
	if err != nil {
		return targetError(err)
	}
	return nil
}

// vacant fails unless name can be replaced by a regular file.
func (d *Dir) vacant(name string, precondition tranship.Precondition) error {
	if precondition.MustMatchVersion != "" {
		return errNoVersions
	}
	info, err := d.root.Lstat(name)
	return vacant(info, err, name, precondition)
}

var errNoVersions = fmt.Errorf("%w: a local directory has no versions", tranship.ErrUnsupported)

// vacant fails unless what a look at name saw can be replaced by a regular file.
func vacant(info fs.FileInfo, err error, name string, precondition tranship.Precondition) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return nil
	case err != nil:
		return targetError(err)
	case precondition.MustNotExist:
		return fmt.Errorf("%w: %s", tranship.ErrExists, name)
	case info.Mode().IsRegular(), info.Mode()&fs.ModeSymlink != 0:
		return nil
	}
	return fmt.Errorf("%w: %s is %s", tranship.ErrExists, name, kind(info.Mode()))
}

// sync makes the names in the directory of name durable.
func (d *Dir) sync(name string) error {
	// New parents are synced, too, up to the root: any of them may be new.
	for directory := path.Dir(name); ; directory = path.Dir(directory) {
		f, err := d.root.Open(directory)
		if err != nil {
			return targetError(err)
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return targetError(err)
		}
		if directory == "." {
			return nil
		}
	}
}

// Begin implements tranship.Writer.
func (d *Dir) Begin(_ context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := d.begin(spec)
	if err != nil {
		return nil, err
	}
	// A put, of which there may be many, takes the place of what another left.
	d.removeLeftovers(spec.Path)
	return upload, nil
}
