package disk

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/account"
	"github.com/tranship/tranship/internal/rootfs"
)

var _ account.Keeper = (*Store)(nil)

// KeepsAccounts implements account.Keeper. They are in the files' records.
func (s *Store) KeepsAccounts() error {
	if s.attributes {
		return nil
	}
	return fmt.Errorf("%w: the store's file system has no extended attributes, so it cannot keep whom a file counts for", tranship.ErrUnsupported)
}

// Account implements account.Keeper.
func (s *Store) Account(ctx context.Context, path string) (_ account.File, err error) {
	defer s.explain(&err)
	if err := admit(ctx, path); err != nil {
		return account.File{}, err
	}
	directory, name := rootfs.Split(path)
	dir, err := s.directories.Walk(directory)
	if err != nil {
		return account.File{}, failRead("describe", path, err)
	}
	defer dir.Close()
	if err := dir.CheckSpelling(name); err != nil {
		return account.File{}, failRead("describe", path, err)
	}
	return s.accountIn(dir, name, path)
}

// accountIn is Account for a file of a directory.
func (s *Store) accountIn(dir *rootfs.Dir, name, path string) (account.File, error) {
	if info, value, ok := dir.Inspect(name, attributeName); ok {
		if r, err := decodeRecord(value); err == nil {
			return account.File{Path: path, Size: info.Size(), Account: r.account}, nil
		}
	}
	file, info, err := dir.OpenFile(name)
	if err != nil {
		return account.File{}, failRead("describe", path, err)
	}
	defer file.Close()
	d, err := s.describeOpened(path, file, info)
	return account.File{Path: path, Size: d.Size, Account: d.account}, err
}

// Accounts implements account.Keeper.
func (s *Store) Accounts(ctx context.Context) iter.Seq2[account.File, error] {
	return func(yield func(account.File, error) bool) {
		err := s.present()
		if err == nil {
			err = s.visitAccounts(ctx, s.root, "", yield)
		}
		if err != nil && err != errEnough {
			yield(account.File{}, withoutMark(err))
		}
	}
}

// visitAccounts visits the files in a directory and below, and the directories below it
// that count. visit gets a *tranship.SkippedError for what cannot be read, and the walk
// goes on.
func (s *Store) visitAccounts(ctx context.Context, dir *rootfs.Dir, directory string, visit func(account.File, error) bool) error {
	children, err := s.readChildren(dir, directory)
	if err != nil {
		return err
	}
	for _, child := range children {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := s.visitAccount(ctx, dir, child, visit)
		if isLocal(err) {
			if visit(account.File{}, child.skipped(err)) {
				continue
			}
			err = errEnough
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// visitAccount visits a file, or all files below a directory.
func (s *Store) visitAccount(ctx context.Context, dir *rootfs.Dir, child child, visit func(account.File, error) bool) error {
	if child.IsDir() {
		return enter(dir, child, func(dir *rootfs.Dir, directory string) error {
			if owner := ownerOf(dir); owner != nil && !visit(account.File{Path: directory, Account: owner, IsDir: true}, nil) {
				return errEnough
			}
			return s.visitAccounts(ctx, dir, directory, visit)
		})
	}
	file, err := s.accountIn(dir, child.name, child.path)
	switch {
	// Removed meanwhile, or not readable: such a file is not the store's own.
	case errors.Is(err, tranship.ErrNotFound), errors.Is(err, tranship.ErrDenied):
		return nil
	case err != nil:
		return localTo(err)
	case !visit(file, nil):
		return errEnough
	}
	return nil
}
