package mem

import (
	"context"
	"iter"
	"slices"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/absence"
	"github.com/tranship/tranship/internal/account"
)

var _ account.Keeper = (*Store)(nil)

// KeepsAccounts implements account.Keeper.
func (s *Store) KeepsAccounts() error { return nil }

// Report implements account.Keeper.
func (s *Store) Report(ledger account.Ledger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger = ledger
}

// MissingDirectories implements account.Keeper.
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
	owner := account.FromContext(ctx)
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

// Account implements account.Keeper.
func (s *Store) Account(ctx context.Context, path string) (account.File, error) {
	if err := tranship.ValidatePath(path); err != nil {
		return account.File{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return account.File{}, err
	}
	f := s.files[path]
	if f == nil {
		return account.File{}, absence.OfFile(path)
	}
	return f.counts(), nil
}

// Accounts implements account.Keeper.
func (s *Store) Accounts(ctx context.Context) iter.Seq2[account.File, error] {
	return func(yield func(account.File, error) bool) {
		s.mu.Lock()
		var all []account.File
		for _, f := range s.files {
			all = append(all, f.counts())
		}
		for directory, owner := range s.owners {
			all = append(all, account.File{Path: directory, Account: owner, IsDir: true})
		}
		s.mu.Unlock()
		for _, counts := range all {
			if err := ctx.Err(); err != nil {
				yield(account.File{}, err)
				return
			}
			if !yield(counts, nil) {
				return
			}
		}
	}
}

func (f *file) counts() account.File {
	return account.File{Path: f.info.Path, Size: f.info.Size, Account: f.account}
}
