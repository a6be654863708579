package disk

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/rootfs"
)

// removeEmpty removes a directory that has only directories below it. If it has anything
// else, removeEmpty fails with tranship.ErrExists.
func (s *Store) removeEmpty(parent *rootfs.Dir, name, path string) error {
	if err := s.checkEmpty(parent, name, path, true); err != nil {
		return err
	}
	return s.removeEmptied(parent, name, path)
}

// removeEmptied removes a directory that was found empty. It ignores that the directory is
// not empty any more, absent, or not a directory: the caller's next step fails then.
func (s *Store) removeEmptied(parent *rootfs.Dir, name, path string) error {
	err := s.removeDirectory(parent, name)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	return fail("remove an empty directory at", path, err)
}

// checkEmpty fails with tranship.ErrExists if the directory at path, which is called name in
// its parent, has anything but directories below it. With remove it removes those
// directories. It stops reading at the first file, and has a bounded number of directories
// open, no matter how deep they are.
func (s *Store) checkEmpty(parent *rootfs.Dir, name, path string, remove bool) error {
	l := s.newLister(context.Background())
	e := &emptyCheck{lister: l, path: path, remove: remove}
	return withoutMark(e.descend(parent.Sub, name, path))
}

// emptyCheck is one checkEmpty.
type emptyCheck struct {
	*lister
	path   string
	remove bool
}

// descend checks a directory that open opens by its name. An absent directory is no error.
func (e *emptyCheck) descend(open func(name string) (*rootfs.Dir, error), name, directory string) error {
	dir, err := open(name)
	if obstacle, ok := errors.AsType[*rootfs.ObstacleError](err); ok && obstacle.Hidden {
		at := &tranship.PathError{Path: e.path, Err: tranship.ErrDenied}
		return failure.Worded(at, "%v: the store's own state is at %s or below", at.Err, e.path)
	}
	if rootfs.IsAbsent(err) {
		return nil
	}
	if err != nil {
		return fail("inspect", e.path, err)
	}
	return e.within(directory, dir, e.check)
}

// check checks the innermost open directory of the lister.
func (e *emptyCheck) check(directory string) error {
	exists := failure.FilesBelow(e.path)
	file, directories, err := e.scan(directory, func(entry rootfs.Entry) bool { return !entry.IsDir() })
	switch {
	case err != nil:
		return err
	case file:
		return exists
	case !directories:
		return nil
	}
	return e.each(directory, key{}, true, func(dir *rootfs.Dir, child child) error {
		if !child.IsDir() { // created in the meantime
			return exists
		}
		if err := e.descend(dir.SubListed, child.name, child.path); err != nil || !e.remove {
			return err
		}
		dir, err := e.dirs.open()
		if rootfs.IsAbsent(err) { // removed in the meantime
			return nil
		}
		if err != nil {
			return fail("inspect", e.path, err)
		}
		return e.store.removeEmptied(dir, child.name, e.path)
	})
}
