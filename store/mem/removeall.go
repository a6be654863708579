package mem

import (
	"context"
	"strings"

	"github.com/tranship/tranship"
)

var _ tranship.TreeRemover = (*Store)(nil)

// RemoveAll implements tranship.TreeRemover.
func (s *Store) RemoveAll(ctx context.Context, directory string, options tranship.RemoveAllOptions) (removed int64, err error) {
	if err := tranship.ValidatePath(directory); err != nil {
		return 0, err
	}
	for _, f := range from(s.snapshot(), directory+"/") {
		path := f.info.Path
		if !strings.HasPrefix(path, directory+"/") {
			break
		}
		if options.Allow != nil {
			if err := options.Allow(path); err != nil {
				return removed, err
			}
		}
		gone, err := s.removeFile(ctx, path)
		if err != nil {
			return removed, err
		}
		if gone {
			removed++
			if options.Progress != nil {
				options.Progress(path)
			}
		}
	}
	return removed, ctx.Err()
}

// removeFile removes the file at a path, and reports whether a file was there.
func (s *Store) removeFile(ctx context.Context, path string) (removed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if s.files[path] == nil {
		return false, nil
	}
	s.deleteLocked(path)
	s.forgetCommitLocked(path)
	return true, nil
}
