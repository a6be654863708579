package disk

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

var _ tranship.AccountKeeper = (*Store)(nil)

// KeepsAccounts implements tranship.AccountKeeper. Accounts are in the records of files.
func (s *Store) KeepsAccounts() error {
	if s.attributes {
		return nil
	}
	return fmt.Errorf("%w: the store's file system has no extended attributes, so it cannot record which principal a file counts for", tranship.ErrUnsupported)
}

// Account implements tranship.AccountKeeper.
func (s *Store) Account(ctx context.Context, path string) (_ tranship.AccountEntry, err error) {
	defer s.explain(&err)
	if err := admit(ctx, path); err != nil {
		return tranship.AccountEntry{}, err
	}
	directory, name := rootfs.Split(path)
	dir, err := s.directories.Walk(directory)
	if err != nil {
		return tranship.AccountEntry{}, failRead("describe", path, err)
	}
	defer dir.Close()
	if err := dir.CheckSpelling(name); err != nil {
		return tranship.AccountEntry{}, failRead("describe", path, err)
	}
	return s.accountIn(dir, name, path)
}

// accountIn is Account for a file that dir lists under name.
func (s *Store) accountIn(dir *rootfs.Dir, name, path string) (tranship.AccountEntry, error) {
	if d, err := s.describeListed(dir, name, path); err == nil {
		return tranship.AccountEntry{Path: path, Size: d.Size, Account: d.account}, nil
	}
	file, info, err := dir.OpenListed(name)
	if err != nil {
		return tranship.AccountEntry{}, failRead("describe", path, err)
	}
	defer file.Close()
	d, err := s.describeOpened(path, file, info)
	return tranship.AccountEntry{Path: path, Size: d.Size, Account: d.account}, err
}

// Accounts implements tranship.AccountKeeper.
func (s *Store) Accounts(ctx context.Context) iter.Seq2[tranship.AccountEntry, error] {
	return func(yield func(tranship.AccountEntry, error) bool) {
		err := s.visitAccounts(ctx, yield)
		if err != nil && err != errEnough {
			yield(tranship.AccountEntry{}, withoutMark(err))
		}
	}
}

// visitAccounts calls visit for all files, and for the directories that count. For a file or
// directory that cannot be read, visit gets a *tranship.SkippedError, and the walk continues.
func (s *Store) visitAccounts(ctx context.Context, visit func(tranship.AccountEntry, error) bool) error {
	if err := s.present(); err != nil {
		return err
	}
	top, err := s.root.Walk("")
	if err != nil {
		return fail("list", directoryName(""), err)
	}
	w := &accountWalk{lister: s.newLister(ctx), visit: visit}
	return w.within("", top, w.visitAll)
}

// accountWalk is one walk of visitAccounts.
type accountWalk struct {
	*lister
	visit func(tranship.AccountEntry, error) bool
}

// visitAll visits everything below the innermost open directory of the walk.
func (w *accountWalk) visitAll(directory string) error {
	err := w.each(directory, key{}, false, func(dir *rootfs.Dir, child child) error {
		err := w.visitChild(dir, child)
		switch {
		case !isLocal(err):
			return err
		case !w.visit(tranship.AccountEntry{}, child.skipped(err)):
			return errEnough
		}
		return nil
	})
	if err == errEnough || isLocal(err) {
		return err
	}
	return localTo(err) // the walk has no order, so that a late report is fine
}

// visitChild visits a file, or all files below a directory.
func (w *accountWalk) visitChild(dir *rootfs.Dir, child child) error {
	if child.IsDir() {
		return w.enter(dir, child, w.visitDirectory)
	}
	file, err := w.store.accountIn(dir, child.name, child.path)
	switch {
	// The file was removed in the meantime, or is not readable and so not the store's own.
	case errors.Is(err, tranship.ErrNotFound), errors.Is(err, tranship.ErrDenied):
		return nil
	case err != nil:
		return localTo(err)
	case !w.visit(file, nil):
		return errEnough
	}
	return nil
}

// visitDirectory visits the innermost open directory of the walk, and everything below it.
func (w *accountWalk) visitDirectory(path string) error {
	dir, err := w.dirs.open()
	if err != nil {
		return failWalk("list", path, err)
	}
	if owner := ownerOf(dir); owner != nil && !w.visit(tranship.AccountEntry{Path: path, Account: owner, IsDir: true}, nil) {
		return errEnough
	}
	return w.visitAll(path)
}
