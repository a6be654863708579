package copycmd

import (
	"context"
	"sync"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/transfer"
)

// listings know what there was in some directories of a target. They are safe for
// concurrent use.
type listings struct {
	mu  sync.Mutex
	all []listing
}

type listing struct {
	directory string
	existing  func(ctx context.Context, path string) (tranship.File, error)
}

// add lists a directory of a target, if that is a store.
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

// of is what knows of a path; nil if nothing does.
func (l *listings) of(path string) func(context.Context, string) (tranship.File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, listing := range l.all {
		if IsBelow(path, listing.directory) {
			return listing.existing
		}
	}
	return nil
}
