package mem

import (
	"context"
	"time"

	"github.com/tranship/tranship"
)

var _ tranship.ChangeDater = (*Store)(nil)

// StatChange implements tranship.ChangeDater.
func (s *Store) StatChange(ctx context.Context, path string) (tranship.File, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return tranship.File{}, time.Time{}, err
	}
	f, err := s.findLocked(path)
	if err != nil {
		return tranship.File{}, time.Time{}, err
	}
	return f.describe(), f.changed, nil
}
