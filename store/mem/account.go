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
	return len(s.missing(path)), ctx.Err()
}

// missing are the directories above a path that have no file.
func (s *Store) missing(path string) []string {
	return slices.DeleteFunc(directories(path), func(directory string) bool { return s.below[directory] > 0 })
}

// makeDirectories has the directories that a file at path needs count for the account of
// ctx. The caller then sets a file there.
func (s *Store) makeDirectories(ctx context.Context, path string) error {
	owner := tranship.AccountFromContext(ctx)
	if owner == nil {
		return nil
	}
	missing := s.missing(path)
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

// removeDirectory is told that the last file of a directory has gone.
func (s *Store) removeDirectory(directory string) {
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
	return f.counts(), nil
}

// Accounts implements tranship.AccountKeeper.
func (s *Store) Accounts(ctx context.Context) iter.Seq2[tranship.AccountEntry, error] {
	return func(yield func(tranship.AccountEntry, error) bool) {
		s.mu.Lock()
		var all []tranship.AccountEntry
		for _, f := range s.files {
			all = append(all, f.counts())
		}
		for directory, owner := range s.owners {
			all = append(all, tranship.AccountEntry{Path: directory, Account: owner, IsDir: true})
		}
		s.mu.Unlock()
		for _, counts := range all {
			if err := ctx.Err(); err != nil {
				yield(tranship.AccountEntry{}, err)
				return
			}
			if !yield(counts, nil) {
				return
			}
		}
	}
}

func (f *file) counts() tranship.AccountEntry {
	return tranship.AccountEntry{Path: f.info.Path, Size: f.info.Size, Account: f.account}
}
