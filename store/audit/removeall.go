package audit

import (
	"context"
	"log/slog"

	"github.com/tranship/tranship"
)

// RemoveAll implements tranship.TreeRemover. Each removed file has a line, as if Remove had
// removed it, and the whole call has one.
func (s *store) RemoveAll(ctx context.Context, directory string, options tranship.RemoveAllOptions) (int64, error) {
	if err := s.log.output.ready(); err != nil {
		return 0, err
	}
	allow, progress := options.Allow, options.Progress
	options.Allow = func(path string) error {
		if err := s.log.output.ready(); err != nil || allow == nil {
			return err
		}
		return allow(path)
	}
	options.Progress = func(path string) {
		s.log.done(ctx, "delete", nil, pathAttr(path))
		if progress != nil {
			progress(path)
		}
	}
	removed, err := tranship.RemoveAll(ctx, s.inner, directory, options)
	s.log.done(ctx, "delete_tree", err, pathAttr(directory), slog.Int64("entries", removed))
	return removed, err
}
