package disk

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// List implements tranship.Reader. It has the names of one directory at each depth
// in memory.
func (s *Store) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		if err := tranship.ValidateDirectory(options.Directory); err != nil {
			yield(tranship.Entry{}, err)
			return
		}
		l := lister{ctx: ctx, store: s, options: options, yield: yield}
		if err := l.start(); err != nil && err != errEnough {
			yield(tranship.Entry{}, withoutMark(err))
		}
	}
}

// errEnough says that who lists has stopped.
var errEnough = errors.New("enough")

type lister struct {
	ctx     context.Context
	store   *Store
	options tranship.ListOptions
	yield   func(tranship.Entry, error) bool
}

func (l lister) start() error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	if err := l.store.present(); err != nil {
		return err
	}
	dir, err := l.store.root.Walk(l.options.Directory)
	if rootfs.IsAbsent(err) {
		return nil
	}
	if err != nil {
		return failWalk("list", directoryName(l.options.Directory), err)
	}
	defer dir.Close()
	return l.list(dir, l.options.Directory)
}

// list yields what is in a directory.
func (l lister) list(dir *rootfs.Dir, directory string) error {
	children, err := l.store.readChildren(dir, directory)
	if err != nil {
		return err
	}
	for _, child := range children {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		switch {
		case child.unserved != nil:
			err = l.leaveOut(child, child.unserved)
		case !child.IsDir():
			err = l.file(dir, child)
		case l.options.Recursive:
			// All keys below begin with the directory's own.
			if l.skips(child.key) && !strings.HasPrefix(l.options.StartAfter, child.key) {
				continue
			}
			err = enter(dir, child, l.list)
		case !l.skips(child.key):
			err = l.directory(dir, child)
		}
		if isLocal(err) {
			err = l.leaveOut(child, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// skips tells whether an entry does not sort after where the list is to start.
func (l lister) skips(key string) bool { return key <= l.options.StartAfter }

func (l lister) file(dir *rootfs.Dir, child child) error {
	if l.skips(child.key) {
		return nil
	}
	file, err := l.store.inspectIn(dir, child.name, child.path)
	if errors.Is(err, tranship.ErrNotFound) { // removed meanwhile
		return nil
	}
	if err != nil {
		return localTo(err)
	}
	if !l.yield(tranship.Entry{File: file}, nil) {
		return errEnough
	}
	return nil
}

func (l lister) directory(dir *rootfs.Dir, child child) error {
	err := enter(dir, child, l.hasFile)
	if err != errFound && err != errUnclear {
		return err
	}
	if !l.yield(tranship.Entry{File: tranship.File{Path: child.path}, IsDir: true}, nil) {
		return errEnough
	}
	return nil
}

// errFound says that a directory has a file below it, errUnclear that it may have one
// where it cannot be read.
var (
	errFound   = errors.New("found")
	errUnclear = errors.New("unclear")
)

// hasFile is errFound if there is a file in the directory or below it, and errUnclear
// if there may be one in a directory below it that cannot be read.
func (l lister) hasFile(dir *rootfs.Dir, directory string) error {
	children, err := l.store.readChildren(dir, directory)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(children, func(c child) bool { return c.unserved == nil && !c.IsDir() }) {
		return errFound
	}
	var unclear error
	for _, child := range children {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		if child.unserved != nil {
			continue
		}
		switch err := enter(dir, child, l.hasFile); {
		case err == errUnclear || isLocal(err):
			unclear = errUnclear
		case err != nil:
			return err
		}
	}
	return unclear
}

// child is a file or directory in a directory, or something else that is there.
type child struct {
	name, path, key string
	// unserved is why the store does not have it; nil: it does.
	unserved error
}

// IsDir tells a directory by its key.
func (c child) IsDir() bool { return len(c.key) > len(c.path) }

// readChildren returns what is in a directory, by ascending key. Of what the store
// keeps for itself there is nothing.
func (s *Store) readChildren(dir *rootfs.Dir, directory string) ([]child, error) {
	entries, err := s.system.readDir(dir, directory)
	if err != nil && !rootfs.IsAbsent(err) { // absent: removed after it was opened
		return nil, failWalk("list", directoryName(directory), err)
	}
	var children []child
	for _, entry := range entries {
		if directory == "" && strings.EqualFold(entry.Name(), tranship.ReservedSegment) {
			continue
		}
		c := child{name: entry.Name(), path: join(directory, entry.Name())}
		c.key = c.path
		if entry.IsDir() {
			c.key += "/"
		}
		if c.unserved = tranship.ValidatePath(c.path); c.unserved == nil {
			c.unserved = unserved(entry.Type())
		}
		children = append(children, c)
	}
	slices.SortFunc(children, func(a, b child) int { return strings.Compare(a.key, b.key) })
	return children, nil
}

// enter calls do in a directory below dir, unless it is gone.
func enter(dir *rootfs.Dir, child child, do func(dir *rootfs.Dir, directory string) error) error {
	sub, err := dir.Sub(child.name)
	if rootfs.IsAbsent(err) {
		return nil
	}
	if err != nil {
		return failWalk("list", child.path, err)
	}
	defer sub.Close()
	return do(sub, child.path)
}

func join(directory, name string) string {
	if directory == "" {
		return name
	}
	return directory + "/" + name
}
