package s3

import (
	"context"
	"fmt"
	"time"

	"github.com/tranship/tranship"
)

var _ tranship.ChangeDater = (*Store)(nil)

// StatChange implements tranship.ChangeDater. The time is that at which the engine got the object, by the
// engine's clock, in seconds.
func (s *Store) StatChange(ctx context.Context, path string) (tranship.File, time.Time, error) {
	found, err := s.find(ctx, path)
	switch {
	case err != nil:
		return tranship.File{}, time.Time{}, err
	case found.modified.IsZero():
		return tranship.File{}, time.Time{}, fmt.Errorf("%w: the engine does not tell when it got %s", tranship.ErrUnsupported, path)
	}
	return found.file, found.modified, nil
}
