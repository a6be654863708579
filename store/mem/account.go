package mem

import (
	"context"
	"iter"
	"slices"

	"github.com/tranship/tranship"
)

var _ tranship.AccountKeeper = (*Store)(nil)

// KeepsAccounts implements tranship.AccountKeeper.
func (s *Store) KeepsAccounts() error { return nil }

// ReportDirectories implements tranship.AccountKeeper.
func (s *Store) ReportDirectories(ledger tranship.DirectoryLedger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger = ledger
}

// MissingDirectories implements tranship.AccountKeeper.
func (s *Store) MissingDirectories(ctx context.Context, path string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.missingLocked(path)), ctx.Err()
}

// missingLocked returns the directories above a path that have no file yet.
func (s *Store) missingLocked(path string) []string {
	return slices.DeleteFunc(directories(path), func(directory string) bool { return s.below[directory] > 0 })
}

// makeDirectoriesLocked counts the new directories of a file at path for the account in ctx.
// The caller must then set a file there.
func (s *Store) makeDirectoriesLocked(ctx context.Context, path string) error {
	owner := tranship.AccountFromContext(ctx)
	if owner == nil {
		return nil
	}
	missing := s.missingLocked(path)
	if len(missing) == 0 {
		return nil
	}
	if s.ledger != nil {
		if err := s.ledger.MakeDirectories(*owner, path, len(missing)); err != nil {
			return err
		}
	}
	if s.owners == nil {
		s.owners = make(map[string]*string)
	}
	for _, directory := range missing {
		s.owners[directory] = owner
	}
	return nil
}

// removeDirectoryLocked must be called when the last file of a directory was removed.
func (s *Store) removeDirectoryLocked(directory string) {
	owner := s.owners[directory]
	delete(s.owners, directory)
	if owner != nil && s.ledger != nil {
		s.ledger.RemoveDirectories(*owner, 1)
	}
}

// Account implements tranship.AccountKeeper.
func (s *Store) Account(ctx context.Context, path string) (tranship.AccountEntry, error) {
	if err := tranship.ValidatePath(path); err != nil {
		return tranship.AccountEntry{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return tranship.AccountEntry{}, err
	}
	f := s.files[path]
	if f == nil {
		return tranship.AccountEntry{}, &tranship.PathError{Path: path, Err: tranship.ErrNotFound}
	}
	return f.entry(), nil
}

// Accounts implements tranship.AccountKeeper.
func (s *Store) Accounts(ctx context.Context) iter.Seq2[tranship.AccountEntry, error] {
	return func(yield func(tranship.AccountEntry, error) bool) {
		s.mu.Lock()
		var all []tranship.AccountEntry
		for _, f := range s.files {
			all = append(all, f.entry())
		}
		for directory, owner := range s.owners {
			all = append(all, tranship.AccountEntry{Path: directory, Account: owner, IsDir: true})
		}
		s.mu.Unlock()
		for _, entry := range all {
			if err := ctx.Err(); err != nil {
				yield(tranship.AccountEntry{}, err)
				return
			}
			if !yield(entry, nil) {
				return
			}
		}
	}
}

// entry returns the file's account and size.
func (f *file) entry() tranship.AccountEntry {
	return tranship.AccountEntry{Path: f.info.Path, Size: f.info.Size, Account: f.account}
}
