// Package localdir has the local ends of a copy: Dir is a directory of this machine as
// source and destination, and File is one file as source.
//
// A directory is used as it is: unlike store/disk, the package keeps no state outside of
// the files that are being written, needs no lock of the directory, and shares it with
// other processes.
package localdir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/localerr"
	"github.com/tranship/tranship/internal/rootfs"
)

// Dir is a local directory as one end of a copy: a source with the methods Open, Stat and
// Walk, and a tranship.Writer. Paths are relative to it. Symbolic links below it are never followed, wherever they
// lead: a link in place of a directory is an error, for reading and for writing, and a
// link in place of a file is replaced by the file that is written. The directory's own
// name is resolved by the system when it is opened. A Dir is safe for concurrent use.
//
// A new file is written under a temporary name beside its target, and renamed over
// it at commit: nothing reads half of it. Its parents are created. It is not synced
// unless its spec asks for tranship.DurabilityDurable. Modified time and mode are
// kept, except on file systems that give all files to another user, who alone may set
// them; user metadata is not. A process that is killed may leave a file that
// begins with ".tranship-" and ends with ".tmp": the next upload to the same target
// removes it, and anything else may.
//
// A file system may take two names for one, because it ignores letter case, Unicode
// normalization or some characters. A Dir replaces only a file, and enters only a
// directory, that is listed under the name it was given: what is there under another
// spelling stays, and the error matches tranship.ErrExists.
//
// An upload with a tranship.Spec.ResumeKey is resumable, also by another process:
// its temporary file, whose name depends on the target's and ends with ".part", has
// a journal beside it, ".journal". Resuming means to read its parts back, because
// what was not synced may be lost in a crash; Copy does. There is one for each
// target: an upload of another source, size or key begins anew. While a process
// has it, uploads of other processes to the same target are not resumable. What was
// given up stays until the target is replaced by another upload, or it is removed.
//
// Only files that belong to this process's user, and that no other user can write to,
// are resumed or removed. Others of such names are left alone, and the next name is
// used.
type Dir struct {
	// name is what the directory was opened by.
	name string
	// top is the directory; directories are those below it that are in use.
	top         *rootfs.Dir
	directories *rootfs.Cache
	spellings   spellings
	// renames serializes renaming without replacing where that takes two steps.
	renames sync.Mutex
	// namesOf are the names in one of the directories; tests replace it.
	namesOf func(*rootfs.Dir) directoryNames

	mu sync.Mutex
	// resumable are the latest resumable uploads of this process, by path.
	resumable map[string]*upload
}

var _ tranship.Writer = (*Dir)(nil)

// Open opens an existing directory of this machine. The name is resolved by the
// system, and not changed before: "link/.." is the parent of what the link leads to.
func Open(name string) (*Dir, error) {
	top, err := rootfs.Open(name)
	if err != nil {
		return nil, localerr.Explain(err)
	}
	d := &Dir{name: name, top: top, directories: rootfs.NewCache(top)}
	d.namesOf = func(dir *rootfs.Dir) directoryNames { return systemNames{dir, &d.renames} }
	return d, nil
}

// Close releases the directory.
func (d *Dir) Close() error {
	d.directories.Close()
	return d.top.Close()
}

// Stat describes a regular file, without following a symbolic link. It fails with
// tranship.ErrNotFound if there is none, and with tranship.ErrExists if there is one
// under another spelling, also if that is one which this Dir was given before.
func (d *Dir) Stat(_ context.Context, name string) (tranship.File, error) {
	directory, last := rootfs.Split(name)
	dir, err := d.enter(directory, false)
	if err != nil {
		return tranship.File{}, err
	}
	defer dir.Close()
	info, err := dir.names.Lstat(last)
	if err != nil {
		return tranship.File{}, localerr.Explain(err)
	}
	if err := d.checkSpelling(dir, last); err != nil {
		return tranship.File{}, err
	}
	if !info.Mode().IsRegular() {
		return tranship.File{}, fmt.Errorf("%w: %s is %s", tranship.ErrNotFound, name, kind(info.Mode()))
	}
	// What is told to be there is a file of this name from then on: a copy that leaves it
	// as it is must not replace it by one of another spelling.
	if _, err := d.claimSpelling(dir, last); err != nil {
		return tranship.File{}, err
	}
	return fileOf(name, info), nil
}

// Open is as in tranship.Reader. It takes any name that the local system has, also ones
// that are not valid paths. There are no versions.
func (d *Dir) Open(_ context.Context, name string, options tranship.OpenOptions) (tranship.Content, error) {
	f, err := d.openFile(name)
	if obstacle, ok := errors.AsType[*rootfs.ObstacleError](err); ok {
		return nil, fmt.Errorf("%w: %w", localerr.ErrSkipped, obstacle)
	}
	if err != nil {
		return nil, localerr.Explain(err)
	}
	return newContent(f, name, options)
}

// openFile opens the regular file under a name. What the name means may have changed
// since it was listed: a link is not followed, in no place of the name, and a pipe does
// not block.
func (d *Dir) openFile(name string) (*os.File, error) {
	if strings.HasPrefix(name, "/") { // which Split would forget
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if f, err := d.top.OpenBelow(name); err == nil {
		return f, nil
	}
	directory, last := rootfs.Split(name)
	dir, err := d.directories.Walk(directory)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	f, _, err := dir.OpenFile(last)
	if obstacle, ok := errors.AsType[*rootfs.ObstacleError](err); ok {
		return nil, &rootfs.ObstacleError{Path: name, Mode: obstacle.Mode}
	}
	return f, err
}

// Absolute is the absolute path of a file in the directory.
func (d *Dir) Absolute(name string) string {
	root := absoluteName(d.name)
	if root == "" {
		return ""
	}
	return filepath.Join(root, filepath.FromSlash(name))
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

// sync makes the names in a directory durable.
func (d *Dir) sync(dir *openDirectory) error {
	if err := dir.Sync(); err != nil {
		return targetError(err)
	}
	// New parents are synced, too, up to the root: any of them may be new.
	for directory := dir.path; directory != ""; {
		directory, _ = rootfs.Split(directory)
		above, err := d.directories.Walk(directory)
		if err != nil {
			return targetError(err)
		}
		if err := errors.Join(above.Sync(), above.Close()); err != nil {
			return targetError(err)
		}
	}
	return nil
}

// Begin implements tranship.Writer.
func (d *Dir) Begin(_ context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := d.begin(spec)
	if err != nil {
		return nil, err
	}
	// A put, of which there may be many, takes the place of what another left.
	upload.dir.removeLeftovers(upload.name)
	return upload, nil
}
