package localdir

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/localerr"
	"github.com/tranship/tranship/internal/rootfs"
)

// Walk yields all regular files below a directory of d; "" is d itself. They come in the
// bytewise order of their paths, as in lists of stores. Symbolic links are not followed.
//
// admit is called with the path of each file and directory before the walk opens it. Its
// error leaves out the file, or the directory and all below it.
//
// For each entry that the walk leaves out, it yields a File that has only a Path, with an
// error that matches ErrSkipped: each symbolic link, empty directory and special file, and each file
// and directory that cannot be read or was not admitted. If the directory itself cannot
// be read, that is the only thing yielded, and its error does not match ErrSkipped.
// When ctx ends, so does the walk, with its error.
func (d *Dir) Walk(ctx context.Context, directory string, admit func(path string) error) iter.Seq2[tranship.File, error] {
	return func(yield func(tranship.File, error) bool) {
		w := walk{ctx, d, admit, yield}
		w.directory(&walkedDirectory{dir: d, path: directory, named: true})
	}
}

type walk struct {
	ctx   context.Context
	dir   *Dir
	admit func(path string) error
	yield func(tranship.File, error) bool
}

// walkedDirectory is a directory that is walked. It is open only while that is needed,
// so that a deep tree does not take a descriptor for each level.
type walkedDirectory struct {
	dir  *Dir
	path string
	// named: it is the directory that the caller asked for, and not one below that.
	named bool
	open  listed
}

// listed is an open directory that is walked: a rootfs.DirReader, or a rootfs.Dir.
type listed interface {
	ReadDir() ([]rootfs.Entry, error)
	Status(name string) (rootfs.Status, error)
	Close() error
}

// opened opens the directory, if it is not open. No link is followed to it.
func (w *walkedDirectory) opened() (listed, error) {
	if w.open != nil {
		return w.open, nil
	}
	path := w.path
	if path == "" {
		path = "."
	}
	if open, err := w.dir.top.OpenDirReader(path); err == nil {
		w.open = open
		return open, nil
	}
	open, err := w.dir.directories.Walk(w.path)
	if err != nil {
		return nil, walkError(w.path, err)
	}
	w.open = open
	return open, nil
}

// walkError is the error of a directory that cannot be opened.
func walkError(path string, err error) error {
	if obstacle, ok := errors.AsType[*rootfs.ObstacleError](err); ok {
		return &rootfs.ObstacleError{Path: path, Mode: obstacle.Mode}
	}
	return localerr.Explain(err)
}

func (w *walkedDirectory) close() {
	if w.open != nil {
		_ = w.open.Close()
		w.open = nil
	}
}

// directory walks a directory, and reports whether to go on.
func (w walk) directory(walked *walkedDirectory) bool {
	if err := w.ctx.Err(); err != nil {
		w.yield(tranship.File{}, err)
		return false
	}
	defer walked.close()
	open, err := walked.opened()
	if err != nil {
		return w.unreadable(walked, err)
	}
	entries, err := open.ReadDir()
	if err != nil {
		return w.unreadable(walked, localerr.Explain(err))
	}
	if len(entries) == 0 {
		return w.yield(tranship.File{Path: walked.path}, localerr.ErrEmptyDirectory)
	}
	slices.SortFunc(entries, func(a, b rootfs.Entry) int {
		return rootfs.CompareNames(a.Name(), a.IsDir(), b.Name(), b.IsDir())
	})
	for _, entry := range entries {
		if !w.entry(walked, entry) {
			return false
		}
	}
	return true
}

// unreadable yields a directory that cannot be read. The walk goes on without it, unless
// it is the one that the caller asked for.
func (w walk) unreadable(walked *walkedDirectory, err error) bool {
	if walked.named {
		return w.yield(tranship.File{Path: walked.path}, err)
	}
	return w.skip(walked.path, err)
}

// skip yields something that the walk goes on without.
func (w walk) skip(path string, err error) bool {
	return w.yield(tranship.File{Path: path}, fmt.Errorf("%w: %w", localerr.ErrSkipped, err))
}

func (w walk) entry(in *walkedDirectory, entry rootfs.Entry) bool {
	path := join(in.path, entry.Name())
	// A directory that is not admitted is reported once, and not for each file below it.
	if err := w.admit(path); err != nil {
		return w.skip(path, err)
	}
	if entry.IsDir() {
		in.close()
		return w.directory(&walkedDirectory{dir: in.dir, path: path})
	}
	if !entry.Type().IsRegular() && !entry.IsUnknown() {
		return w.skip(path, fmt.Errorf("it is %s", kind(entry.Type())))
	}
	open, err := in.opened()
	if err != nil {
		return w.skip(path, err)
	}
	status, err := open.Status(entry.Name())
	if err != nil {
		return w.skip(path, localerr.Explain(err))
	}
	if !status.Mode.IsRegular() { // any more
		return w.skip(path, fmt.Errorf("it is %s", kind(status.Mode)))
	}
	return w.yield(fileOfStatus(path, status), nil)
}

// join puts a name below a directory, of which "" is the root.
func join(directory, name string) string {
	if directory == "" {
		return name
	}
	return directory + "/" + name
}
