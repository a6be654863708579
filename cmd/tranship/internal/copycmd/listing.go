package copycmd

import (
	"context"
	"sync"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/transfer"
)

// listings has the entries of some directories of a target, as they were when add listed
// them. It is safe for concurrent use.
type listings struct {
	mu  sync.Mutex
	all []listing
}

type listing struct {
	directory string
	existing  func(ctx context.Context, path string) (tranship.File, error)
}

// add lists a directory of a target. It does nothing for a target that cannot list.
func (l *listings) add(ctx context.Context, t *Target, directory string) error {
	if t.lister == nil {
		return nil
	}
	existing, err := transfer.ListExisting(ctx, t.lister, directory)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, listing{directory, existing})
	return nil
}

// find returns the lookup function of the listing that covers a path; nil if none does.
func (l *listings) find(path string) func(context.Context, string) (tranship.File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, listing := range l.all {
		if IsBelow(path, listing.directory) {
			return listing.existing
		}
	}
	return nil
}
