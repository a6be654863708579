package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// ErrSkipped is what an entry of a directory fails with that a walk goes on without: a
// symbolic link, an empty directory, a special file, a directory that cannot be read, or
// a name that cannot be part of a path.
var ErrSkipped = errors.New("not copied")

// Files yields all regular files below a directory of d, each to go to the same
// place below the destination; "" is the root of either. They come in the order of
// their names, a directory at a time. What cannot be copied comes as an item with
// an error: one for each symbolic link, empty directory, special file and entry
// that cannot be read, and for each name that cannot be part of a path. Symbolic
// links are not followed.
func (d *Dir) Files(ctx context.Context, directory, destination string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		w := walk{ctx, d, yield}
		w.directory(&walkedDirectory{dir: d, source: directory, destination: destination, named: true})
	}
}

type walk struct {
	ctx   context.Context
	dir   *Dir
	yield func(Item, error) bool
}

// walkedDirectory is a directory that is walked. It is open only while that is needed,
// so that a deep tree does not take a descriptor for each level.
type walkedDirectory struct {
	dir                 *Dir
	source, destination string
	// named: it is what the caller wants copied, and not a directory below that.
	named bool
	open  *rootfs.Dir
}

// opened opens the directory, if it is not open. No link is followed to it.
func (w *walkedDirectory) opened() (*rootfs.Dir, error) {
	if w.open != nil {
		return w.open, nil
	}
	open, err := w.dir.directories.Walk(w.source)
	if err != nil {
		return nil, walkError(w.source, err)
	}
	w.open = open
	return open, nil
}

// sub opens a directory in the directory.
func (w *walkedDirectory) sub(name string) (*walkedDirectory, error) {
	sub := &walkedDirectory{dir: w.dir, source: Join(w.source, name), destination: Join(w.destination, name)}
	open, err := w.opened()
	if err != nil {
		return sub, err
	}
	if sub.open, err = open.Sub(name); err != nil {
		return sub, walkError(sub.source, err)
	}
	return sub, nil
}

// walkError is the error of a directory that cannot be opened.
func walkError(path string, err error) error {
	if obstacle, ok := errors.AsType[*rootfs.ObstacleError](err); ok {
		return &rootfs.ObstacleError{Path: path, Mode: obstacle.Mode}
	}
	return localError(err)
}

// item is what the directory itself is reported as.
func (w *walkedDirectory) item() Item {
	name := w.source
	if name == "" {
		name = "."
	}
	return Item{Source: w.dir, SourcePath: w.source, Name: name, Path: w.destination}
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
		w.yield(Item{}, err)
		return false
	}
	defer walked.close()
	here := walked.item()
	open, err := walked.opened()
	if err != nil {
		return w.unreadable(walked, err)
	}
	entries, err := open.ReadDir()
	if err != nil {
		return w.unreadable(walked, localError(err))
	}
	if len(entries) == 0 {
		return w.yield(here, fmt.Errorf("%w: it is an empty directory", ErrSkipped))
	}
	slices.SortFunc(entries, func(a, b rootfs.Entry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, entry := range entries {
		if !w.entry(walked, entry) {
			return false
		}
	}
	return true
}

// unreadable yields a directory that cannot be read. The walk goes on without it, unless it
// is the whole.
func (w walk) unreadable(walked *walkedDirectory, err error) bool {
	if walked.named {
		return w.yield(walked.item(), err)
	}
	return w.skip(walked.item(), err)
}

// skip yields an item that the walk goes on without.
func (w walk) skip(item Item, err error) bool {
	return w.yield(item, fmt.Errorf("%w: %w", ErrSkipped, err))
}

func (w walk) entry(in *walkedDirectory, entry rootfs.Entry) bool {
	source, destination := Join(in.source, entry.Name()), Join(in.destination, entry.Name())
	item := Item{Source: w.dir, SourcePath: source, Path: destination}
	// The whole is longer than its parts: a directory's name that cannot be part
	// of a path is reported once, and not for each file below it.
	if err := tranship.ValidatePath(destination); err != nil {
		return w.skip(item, fmt.Errorf("cannot be stored as %q: %w", destination, err))
	}
	if entry.IsDir() {
		sub, err := in.sub(entry.Name())
		in.close()
		if err != nil {
			return w.unreadable(sub, err)
		}
		return w.directory(sub)
	}
	if !entry.Type().IsRegular() && !entry.IsUnknown() {
		return w.yield(item, fmt.Errorf("%w: it is %s", ErrSkipped, kind(entry.Type())))
	}
	open, err := in.opened()
	if err != nil {
		return w.skip(item, err)
	}
	info, err := open.Lstat(entry.Name())
	if err != nil {
		return w.skip(item, localError(err))
	}
	if !info.Mode().IsRegular() { // any more
		return w.yield(item, fmt.Errorf("%w: it is %s", ErrSkipped, kind(info.Mode())))
	}
	item.File = fileOf(source, info)
	return w.yield(item, nil)
}
