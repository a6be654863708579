package mem

import (
	"context"
	"iter"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/absence"
	"github.com/tranship/tranship/internal/account"
)

var _ account.Keeper = (*Store)(nil)

// KeepsAccounts implements account.Keeper.
func (s *Store) KeepsAccounts() error { return nil }

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
