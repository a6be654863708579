package retry

import (
	"context"
	"errors"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// SetAttributes implements tranship.Editor. It is retried because setting the same
// attributes twice has the effect of once. If a precondition on a revision fails after an
// attempt that may have taken effect, the error is tranship.ErrUnavailable instead of
// ErrPrecondition: that attempt may have made the new revision, so that a caller who
// increments a counter must not simply increment it again.
func (s *Store) SetAttributes(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (file tranship.File, err error) {
	err = s.run(ctx, path, operation{
		changes: true,
		attempt: func(bool) (err error) {
			file, err = s.Store.SetAttributes(ctx, path, attributes, precondition)
			return err
		},
		resolve: func(failed error) error {
			if precondition.MustMatchRevision == "" || !errors.Is(failed, tranship.ErrPrecondition) {
				return failed
			}
			return fmt.Errorf("%w: an earlier attempt to set the attributes of %s was interrupted and may have taken effect: %v", tranship.ErrUnavailable, path, failed)
		},
	})
	return file, err
}

// Remove implements tranship.Editor. If an attempt finds no file after one that may have
// removed it, Remove succeeds, unless the path is a directory, because then it never was a
// file. Remove also removes a file that another caller puts at the path between two
// attempts; RemoveFile does not.
func (s *Store) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	return s.run(ctx, path, operation{
		changes: true,
		attempt: func(bool) error { return s.Store.Remove(ctx, path, precondition) },
		resolve: func(failed error) error {
			if ignoreNotFound(failed) == nil && s.isDirectory(ctx, path) {
				return failed
			}
			return ignoreNotFound(failed)
		},
	})
}

// isDirectory reports whether the store lists anything below a path.
func (s *Store) isDirectory(ctx context.Context, path string) bool {
	for _, err := range s.List(ctx, tranship.ListOptions{Directory: path}) {
		return err == nil
	}
	return false
}

// RemoveFile is like Remove, for a caller who has the file from Stat or List. After an
// attempt that may have removed it, RemoveFile removes only this version of the file. If the
// path has another version then, it fails with tranship.ErrPrecondition. For a file without a
// version, RemoveFile is Remove: the caller may not know whether the path is a file.
func (s *Store) RemoveFile(ctx context.Context, file tranship.File, precondition tranship.Precondition) error {
	if file.Version == "" {
		return s.Remove(ctx, file.Path, precondition)
	}
	return s.run(ctx, file.Path, operation{
		changes: true,
		attempt: func(lost bool) error {
			if !lost || precondition != (tranship.Precondition{}) {
				return s.Store.Remove(ctx, file.Path, precondition)
			}
			err := s.Store.Remove(ctx, file.Path, tranship.Precondition{MustMatchVersion: file.Version})
			if errors.Is(err, tranship.ErrPrecondition) {
				return fmt.Errorf("%w; an earlier attempt to remove the file was interrupted, and the present file was created or changed after that", err)
			}
			return err
		},
		resolve: ignoreNotFound,
	})
}

// AbortUpload implements tranship.Uploads. If an attempt finds no upload after one that may
// have aborted it, AbortUpload succeeds.
func (s *Store) AbortUpload(ctx context.Context, id string) error {
	return s.run(ctx, id, operation{
		changes: true,
		attempt: func(bool) error { return s.Store.AbortUpload(ctx, id) },
		resolve: ignoreNotFound,
	})
}

// ignoreNotFound returns err, or nil if it is tranship.ErrNotFound.
func ignoreNotFound(err error) error {
	if errors.Is(err, tranship.ErrNotFound) {
		return nil
	}
	return err
}

// Copy implements tranship.Editor. It is retried because copying twice makes the same file.
// If a precondition fails after an attempt that may have taken effect, and the destination
// has the source's size, time and, where both are known, checksum, Copy succeeds.
func (s *Store) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (file tranship.File, err error) {
	err = s.run(ctx, source, operation{
		changes: true,
		attempt: func(bool) (err error) {
			file, err = s.Store.Copy(ctx, source, destination, precondition)
			return err
		},
		resolve: func(failed error) error {
			if !errors.Is(failed, tranship.ErrExists) && !errors.Is(failed, tranship.ErrPrecondition) {
				return failed
			}
			from, err := s.Stat(ctx, source)
			if want := precondition.MustMatchSourceVersion; err != nil || want != "" && from.Version != want {
				return failed
			}
			to, err := s.Stat(ctx, destination)
			if err != nil || !sameFile(to, from) {
				return failed
			}
			file = to
			return nil
		},
	})
	return file, err
}

// Move implements tranship.Editor. It is MoveFile after a Stat of the source.
func (s *Store) Move(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	file, err := s.Stat(ctx, source)
	if err != nil {
		// A caller who may move the file need not be allowed to stat it. Without its
		// description it cannot be recognized at the destination.
		file = tranship.File{Path: source, Size: -1}
	}
	if ctx.Err() != nil {
		return tranship.File{}, ctx.Err()
	}
	return s.MoveFile(ctx, file, destination, precondition)
}

// MoveFile is like Move, for a caller who has the source from Stat or List. After an attempt
// that may have moved the file, MoveFile moves it again only if it is still at the source.
// If it is not, and the destination has a file of the same version, or of the same size,
// time and checksum, MoveFile succeeds. Otherwise it fails, because the result of the
// earlier attempt is unknown.
func (s *Store) MoveFile(ctx context.Context, source tranship.File, destination string, precondition tranship.Precondition) (file tranship.File, err error) {
	if want := precondition.MustMatchSourceVersion; want != "" && source.Version != want {
		source = tranship.File{Path: source.Path, Size: -1} // not the version to move
	}
	moved := func() (bool, error) {
		to, err := s.Store.Stat(ctx, destination)
		switch {
		case err == nil && sameFile(to, source):
			file = to
			return true, nil
		case failure.IsPassing(ctx, err):
			return false, err
		}
		return false, nil
	}
	err = s.run(ctx, source.Path, operation{
		changes: true,
		attempt: func(lost bool) (err error) {
			if lost {
				from, err := s.Store.Stat(ctx, source.Path)
				if failure.IsPassing(ctx, err) {
					return err
				}
				if err != nil || !sameFile(from, source) {
					if done, err := moved(); done || err != nil {
						return err
					}
					return fmt.Errorf("%w: %s; an earlier attempt to move it to %s was interrupted, and its result is unknown",
						tranship.ErrNotFound, source.Path, destination)
				}
			}
			file, err = s.Store.Move(ctx, source.Path, destination, precondition)
			return err
		},
		resolve: func(failed error) error {
			// The interrupted attempt may have taken effect in the meantime.
			if from, err := s.Store.Stat(ctx, source.Path); err == nil && sameFile(from, source) {
				return failed
			}
			if done, _ := moved(); done {
				return nil
			}
			return failed
		},
	})
	return file, err
}

// sameFile reports whether b can be file a before it was moved or copied to another path.
// The store may have given it another version.
func sameFile(a, b tranship.File) bool {
	switch {
	case a.Size < 0 || b.Size < 0:
		return false
	case a.Version != "" && a.Version == b.Version:
		return true
	case a.CRC32C != nil && b.CRC32C != nil && *a.CRC32C != *b.CRC32C:
		return false
	}
	return a.Size == b.Size && !a.ModTime.IsZero() && a.ModTime.Equal(b.ModTime)
}
