package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/tranship/tranship"
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
		w.directory(directory, destination)
	}
}

type walk struct {
	ctx   context.Context
	dir   *Dir
	yield func(Item, error) bool
}

// directory reports whether to go on.
func (w walk) directory(source, destination string) bool {
	if err := w.ctx.Err(); err != nil {
		w.yield(Item{}, err)
		return false
	}
	here := Item{Source: w.dir, SourcePath: source, Name: localName(source), Path: destination}
	f, err := w.dir.root.Open(localName(source))
	if err != nil {
		return w.skip(here, localError(err))
	}
	entries, err := f.ReadDir(-1)
	_ = f.Close()
	if err != nil && !w.skip(here, localError(err)) {
		return false
	}
	if err == nil && len(entries) == 0 {
		return w.yield(here, fmt.Errorf("%w: it is an empty directory", ErrSkipped))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, entry := range entries {
		if !w.entry(entry, Join(source, entry.Name()), Join(destination, entry.Name())) {
			return false
		}
	}
	return true
}

// skip yields an item that the walk goes on without.
func (w walk) skip(item Item, err error) bool {
	return w.yield(item, fmt.Errorf("%w: %w", ErrSkipped, err))
}

func (w walk) entry(entry fs.DirEntry, source, destination string) bool {
	item := Item{Source: w.dir, SourcePath: source, Path: destination}
	// The whole is longer than its parts: a directory's name that cannot be part
	// of a path is reported once, and not for each file below it.
	if err := tranship.ValidatePath(destination); err != nil {
		return w.skip(item, fmt.Errorf("cannot be stored as %q: %w", destination, err))
	}
	if entry.IsDir() {
		return w.directory(source, destination)
	}
	if !entry.Type().IsRegular() {
		return w.yield(item, fmt.Errorf("%w: it is %s", ErrSkipped, kind(entry.Type())))
	}
	info, err := entry.Info()
	if err != nil {
		return w.skip(item, localError(err))
	}
	item.File = fileOf(source, info)
	return w.yield(item, nil)
}
