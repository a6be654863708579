package quota

import (
	"context"
	"errors"

	"github.com/tranship/tranship"
)

// countFiles counts the files, or reads the sums that were saved and counts in the background.
func (s *Store) countFiles(ctx context.Context, saved bool) (err error) {
	if !saved {
		for file, err := range s.keeper.Accounts(ctx) {
			if skipped, ok := errors.AsType[*tranship.SkippedError](err); ok {
				s.warnUncounted(ctx, skipped)
				continue
			}
			if err != nil {
				return err
			}
			s.ledger.count(file, 1)
		}
		return nil
	}
	if s.saver, err = newSaver(s); err != nil {
		return err
	}
	loaded, err := s.saver.load(ctx)
	if err != nil {
		return err
	}
	if !loaded {
		s.logger.InfoContext(ctx, "there are no sums of quotas that hold: all files are counted before more can be stored")
	}
	return s.saver.start(ctx, loaded)
}

// warnUncounted logs that files cannot be counted.
func (s *Store) warnUncounted(ctx context.Context, skipped *tranship.SkippedError) {
	s.logger.WarnContext(ctx, "files that cannot be read do not count for a quota", "path", skipped.Display(), "error", skipped.Err)
}
