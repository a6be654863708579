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
	"github.com/tranship/tranship/internal/filetime"
	"github.com/tranship/tranship/internal/localerr"
	"github.com/tranship/tranship/internal/rootfs"
)

// Dir is a local directory as one end of a copy. As a source it has the methods Open, Stat
// and Walk, and is a tranship.BatchFetcher; as a destination it is a tranship.Writer and a
// tranship.BatchPutter. Paths are relative to the directory. A Dir is safe for concurrent use.
//
// Symbolic links below the directory are never followed, wherever they lead. A link in
// place of a directory is an error, for reading and for writing. A link in place of a file
// is replaced by the file that is written. The directory's own name is resolved by the
// system when the directory is opened.
//
// A new file is written under a temporary name beside its target, and renamed over the
// target at commit, so that no program reads half of it. Missing directories are created.
// The file is synced only if its spec asks for tranship.DurabilityDurable. Dir keeps the
// modified time and the mode of a file, unless the file system gives all files to another
// user: only that user can set them. It does not keep user metadata. A process that is
// killed may leave a file whose name begins with ".tranship-" and ends with ".tmp". The
// next upload to the same target removes it; any other program may remove it, too.
//
// Some file systems take two names for one, because they ignore letter case, Unicode
// normalization or some characters. A Dir replaces only a file, and enters only a
// directory, that is listed under the name it was given. Otherwise what is there stays, and
// the error matches tranship.ErrExists.
//
// An upload with a tranship.Spec.ResumeKey can be resumed, also by another process. The
// name of its temporary file depends on the name of the target and ends with ".part"; a
// journal beside it ends with ".journal". A caller that resumes must read the parts back,
// because what was not synced may be lost in a crash; package transfer does so. Each target
// has one such file: an upload of another source, size or key begins anew. While a process
// has the file open, uploads of other processes to the same target cannot be resumed. The
// file stays until its upload is committed, another upload replaces the target, Discard
// removes it, or a user does. When seven days have passed since its last write, the next
// upload into its directory removes it, too.
//
// Dir resumes and removes only files that belong to the user of the process and that no
// other user can write to. It leaves other files of such names alone, and uses the next
// name.
type Dir struct {
	// name is the name that the directory was opened by.
	name string
	// alias is the first segment that stands for aliased; "" if there is none.
	alias, aliased string
	// top is the directory. directories has the directories below it that are in use.
	top         *rootfs.Dir
	directories *rootfs.Cache
	spellings   spellings
	news        newDirectories
	timeUnits   timeUnits
	// renames is held while a rename that must not replace takes two steps.
	renames sync.Mutex
	// namesOf returns the names in one of the directories. Tests replace it.
	namesOf func(*rootfs.Dir) directoryNames
	// fetching is called, if not nil, after FetchBatch has read the content of a file and
	// before it checks that the file has not changed. Tests set it.
	fetching func(name string)
	// putting is called, if not nil, before PutBatch gives a file its name. Tests set it.
	putting func(path string)
	// inOrder: the files of a batch are handled one after the other, also when one takes long. Tests
	// that set fetching or putting set it.
	inOrder bool

	mu sync.Mutex
	// resumable has the latest resumable upload of this process to each path.
	resumable map[string]*upload
	// swept has the directories whose expired leftovers were removed.
	swept map[string]bool
}

var (
	_ tranship.Writer       = (*Dir)(nil)
	_ tranship.BatchPutter  = (*Dir)(nil)
	_ tranship.BatchFetcher = (*Dir)(nil)
)

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

// OpenAlias is Open for a directory in which alias, as the first segment of a path, stands
// for the file or directory called name. That need not be valid in a path: a user of this
// machine may have a name that is not UTF-8. alias must be a valid path of one segment, and
// name one element of a name of this machine.
func OpenAlias(directory, alias, name string) (*Dir, error) {
	d, err := Open(directory)
	if err == nil {
		d.alias, d.aliased = alias, name
	}
	return d, err
}

// local returns a path with the name that its first segment stands for.
func (d *Dir) local(path string) string {
	if rest, ok := strings.CutPrefix(path, d.alias); ok && d.alias != "" && (rest == "" || rest[0] == '/') {
		return d.aliased + rest
	}
	return path
}

// Close releases the directory.
func (d *Dir) Close() error {
	d.directories.Close()
	return d.top.Close()
}

// Stat describes a regular file. It does not follow a symbolic link. It fails with
// tranship.ErrNotFound if there is no such file, and with tranship.ErrExists if there is one
// under another spelling, or if d was given another spelling of the name before.
func (d *Dir) Stat(_ context.Context, name string) (tranship.File, error) {
	return d.stat(name, func(_ *openDirectory, _ string, info fs.FileInfo) tranship.File { return fileOf(name, info) })
}

// stat implements Stat and Existing. file describes a file that is called last in dir.
func (d *Dir) stat(name string, file func(dir *openDirectory, last string, info fs.FileInfo) tranship.File) (tranship.File, error) {
	directory, last := rootfs.Split(d.local(name))
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
	// From now on the file has this name for the copy. A copy that leaves it as it is must
	// not replace it by a file of another spelling.
	if _, err := d.claimSpelling(dir, last); err != nil {
		return tranship.File{}, err
	}
	return file(dir, last, info), nil
}

// Open is as in tranship.Reader. It takes any name that the operating system allows, also
// one that is not a valid path. Local files have no versions.
func (d *Dir) Open(_ context.Context, name string, options tranship.OpenOptions) (tranship.Content, error) {
	f, err := d.openFile(d.local(name))
	if obstacle, ok := errors.AsType[*rootfs.ObstacleError](err); ok {
		return nil, fmt.Errorf("%w: %w", localerr.ErrSkipped, obstacle)
	}
	if err != nil {
		return nil, localerr.Explain(err)
	}
	return newContent(f, name, options)
}

// openFile opens the regular file under a name. The file may have been replaced since it
// was listed: openFile follows no link in any part of the name, and does not block on a
// pipe.
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

// Absolute returns the absolute path of a file in the directory; "" if it is not known.
func (d *Dir) Absolute(name string) string {
	root := absoluteName(d.name)
	if root == "" {
		return ""
	}
	return filepath.Join(root, filepath.FromSlash(d.local(name)))
}

func fileOf(name string, info fs.FileInfo) tranship.File {
	return tranship.File{Path: name, Size: info.Size(), ModTime: filetime.Clamp(info.ModTime()), Mode: info.Mode().Perm()}
}

// kind returns the words for a kind of file that cannot be copied.
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

// vacant fails unless a regular file can replace what Lstat found at name: info or err.
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
	// All directories above it are synced, too, because any of them may be new.
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
	// A Put does not do that: there may be many, and each overwrites the first leftover.
	upload.dir.removeLeftovers(upload.name)
	d.expireLeftovers(upload.dir)
	return upload, nil
}
