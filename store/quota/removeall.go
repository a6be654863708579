package quota

import (
	"context"

	"github.com/tranship/tranship"
)

// RemoveAll implements tranship.TreeRemover. Where files count, each gives back what it
// counts for.
func (s *Store) RemoveAll(ctx context.Context, directory string, options tranship.RemoveAllOptions) (int64, error) {
	if s.keeper != nil {
		return tranship.RemoveEach(ctx, s, directory, options)
	}
	return tranship.RemoveAll(ctx, s.Store, directory, options)
}
