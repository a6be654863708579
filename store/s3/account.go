package s3

import (
	"context"
	"errors"
	"iter"

	"github.com/tranship/tranship"
)

var _ tranship.AccountKeeper = (*Store)(nil)

// KeepsAccounts implements tranship.AccountKeeper. Accounts are with the attributes of files.
func (s *Store) KeepsAccounts() error { return nil }

// ReportDirectories implements tranship.AccountKeeper. A bucket has no directories, so that there
// is nothing to report.
func (s *Store) ReportDirectories(tranship.DirectoryLedger) {}

// MissingDirectories implements tranship.AccountKeeper.
func (s *Store) MissingDirectories(ctx context.Context, path string) (int, error) {
	if err := tranship.ValidatePath(path); err != nil {
		return 0, err
	}
	return 0, ctx.Err()
}

// Account implements tranship.AccountKeeper.
func (s *Store) Account(ctx context.Context, path string) (tranship.AccountEntry, error) {
	found, err := s.find(ctx, path)
	if err != nil {
		return tranship.AccountEntry{}, err
	}
	return tranship.AccountEntry{Path: path, Size: found.file.Size, Account: found.account}, nil
}

// Accounts implements tranship.AccountKeeper. It makes a request for each file whose description
// is not known.
func (s *Store) Accounts(ctx context.Context) iter.Seq2[tranship.AccountEntry, error] {
	return func(yield func(tranship.AccountEntry, error) bool) {
		for page, err := range s.pages(ctx, tranship.ListOptions{Recursive: true, ReportSkipped: true}) {
			if err != nil {
				yield(tranship.AccountEntry{}, err)
				return
			}
			s.describeAll(ctx, page)
			for _, line := range page {
				if line.gone {
					continue
				}
				if err := ctx.Err(); err != nil {
					yield(tranship.AccountEntry{}, err)
					return
				}
				file := line.entry.File
				if !yield(tranship.AccountEntry{Path: file.Path, Size: file.Size, Account: line.account}, line.err) {
					return
				}
				if _, skipped := errors.AsType[*tranship.SkippedError](line.err); line.err != nil && !skipped {
					return
				}
			}
		}
	}
}
