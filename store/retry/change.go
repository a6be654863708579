package retry

import (
	"context"
	"errors"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// SetAttributes implements tranship.Editor. Setting the same twice changes nothing more. If a
// precondition about a revision does not hold after an attempt that may have taken effect, the
// error is tranship.ErrUnavailable and not ErrPrecondition: that attempt may have made the new
// revision, so that a caller who counts must not just count again.
func (s *Store) SetAttributes(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (file tranship.File, err error) {
	err = s.try(ctx, path, operation{
		changes: true,
		attempt: func(bool) (err error) {
			file, err = s.Store.SetAttributes(ctx, path, attributes, precondition)
			return err
		},
		resolve: func(failed error) error {
			if precondition.MustMatchRevision == "" || !errors.Is(failed, tranship.ErrPrecondition) {
				return failed
			}
			return fmt.Errorf("%w: an attempt to set attributes of %s was cut off and may have been done: %v", tranship.ErrUnavailable, path, failed)
		},
	})
	return file, err
}

// Remove implements tranship.Editor. An attempt that finds nothing, after one that may
// have removed the file, has succeeded, unless there is a directory at the path: then there
// never was a file. A file that another caller puts at the path between two attempts is
// removed, as one that came before the first would be; RemoveFile does not remove it.
func (s *Store) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	return s.try(ctx, path, operation{
		changes: true,
		attempt: func(bool) error { return s.Store.Remove(ctx, path, precondition) },
		resolve: func(failed error) error {
			if gone(failed) == nil && s.isDirectory(ctx, path) {
				return failed
			}
			return gone(failed)
		},
	})
}

// isDirectory reports whether there is anything below a path, as far as the store tells.
func (s *Store) isDirectory(ctx context.Context, path string) bool {
	for _, err := range s.List(ctx, tranship.ListOptions{Directory: path}) {
		return err == nil
	}
	return false
}

// RemoveFile is Remove for a caller who knows the file, by Stat or List. After an attempt
// that may have removed it, only this version of it is removed. If there is another one
// then, it fails, with tranship.ErrPrecondition.
func (s *Store) RemoveFile(ctx context.Context, file tranship.File, precondition tranship.Precondition) error {
	return s.try(ctx, file.Path, operation{
		changes: true,
		attempt: func(lost bool) error {
			if !lost || file.Version == "" || precondition != (tranship.Precondition{}) {
				return s.Store.Remove(ctx, file.Path, precondition)
			}
			err := s.Store.Remove(ctx, file.Path, tranship.Precondition{MustMatchVersion: file.Version})
			if errors.Is(err, tranship.ErrPrecondition) {
				return fmt.Errorf("%w; an attempt to remove it was cut off, and what is there now came, or was changed, after that", err)
			}
			return err
		},
		resolve: gone,
	})
}

// AbortUpload implements tranship.Uploads. An attempt that finds nothing, after one that
// may have removed the upload, has succeeded.
func (s *Store) AbortUpload(ctx context.Context, id string) error {
	return s.try(ctx, id, operation{
		changes: true,
		attempt: func(bool) error { return s.Store.AbortUpload(ctx, id) },
		resolve: gone,
	})
}

// gone is nil for an error that says that there is nothing.
func gone(err error) error {
	if errors.Is(err, tranship.ErrNotFound) {
		return nil
	}
	return err
}

// Copy implements tranship.Editor. Copying twice makes the same file. If a precondition
// fails after an attempt that may have copied, and the destination has a file of the
// source's size, time and, where it is known, checksum, it has succeeded.
func (s *Store) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (file tranship.File, err error) {
	err = s.try(ctx, source, operation{
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
			if err != nil || !same(to, from) {
				return failed
			}
			file = to
			return nil
		},
	})
	return file, err
}

// Move implements tranship.Editor. It is MoveFile after a look at what the source is,
// which costs a Stat.
func (s *Store) Move(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	file, err := s.Stat(ctx, source)
	if err != nil {
		// A caller who may move it need not be allowed to see it. What is not known
		// cannot be recognized at the destination.
		file = tranship.File{Path: source, Size: -1}
	}
	if ctx.Err() != nil {
		return tranship.File{}, ctx.Err()
	}
	return s.MoveFile(ctx, file, destination, precondition)
}

// MoveFile is Move for a caller who knows the source, by Stat or List. After an attempt
// that may have moved it, it is not moved again unless it is still there; if it is not,
// and the destination has a file of the same version, or of the same size, time and
// checksum, the move has succeeded. Otherwise it fails: nothing tells what happened.
func (s *Store) MoveFile(ctx context.Context, source tranship.File, destination string, precondition tranship.Precondition) (file tranship.File, err error) {
	if want := precondition.MustMatchSourceVersion; want != "" && source.Version != want {
		source = tranship.File{Path: source.Path, Size: -1} // it is not the one to move
	}
	moved := func() (bool, error) {
		to, err := s.Store.Stat(ctx, destination)
		switch {
		case err == nil && same(to, source):
			file = to
			return true, nil
		case failure.IsPassing(ctx, err):
			return false, err
		}
		return false, nil
	}
	err = s.try(ctx, source.Path, operation{
		changes: true,
		attempt: func(lost bool) (err error) {
			if lost {
				from, err := s.Store.Stat(ctx, source.Path)
				if failure.IsPassing(ctx, err) {
					return err
				}
				if err != nil || !same(from, source) {
					if done, err := moved(); done || err != nil {
						return err
					}
					return fmt.Errorf("%w: %s; an attempt to move it to %s was cut off, and what became of it is not known",
						tranship.ErrNotFound, source.Path, destination)
				}
			}
			file, err = s.Store.Move(ctx, source.Path, destination, precondition)
			return err
		},
		resolve: func(failed error) error {
			// The attempt that was cut off may have ended in the meantime.
			if from, err := s.Store.Stat(ctx, source.Path); err == nil && same(from, source) {
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

// same reports whether a and b, at different paths, are one file before and after it was
// moved or copied, for which a store may give it another version.
func same(a, b tranship.File) bool {
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
