package s3

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// Move implements tranship.Editor. It copies the file and then removes the source. The file
// keeps its version.
func (s *Store) Move(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	return s.transplant(ctx, source, destination, precondition, true, func(found *object) (tranship.File, error) {
		if source == destination {
			return found.file, nil
		}
		moved := found.file
		moved.Path = destination
		if err := s.copyTo(ctx, found, moved, found.account, precondition); err != nil {
			return tranship.File{}, err
		}
		return moved, s.removeMoved(ctx, found, moved)
	})
}

// removeMoved removes the source of a move. If another server has removed it meanwhile, the
// move has not happened: its copy is removed.
func (s *Store) removeMoved(ctx context.Context, from *object, moved tranship.File) error {
	for range rounds {
		found, err := s.head(ctx, from.file.Path)
		if err != nil {
			return err
		}
		if found == nil {
			if made, err := s.head(ctx, moved.Path); err == nil && made != nil && made.file.Version == moved.Version {
				_, _ = s.removeLocked(ctx, made)
			}
			return &tranship.PathError{Path: from.file.Path, Err: tranship.ErrNotFound}
		}
		if found.file.Version != from.file.Version {
			return nil // another file was put there after the move
		}
		if removed, err := s.removeLocked(ctx, found); removed || err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: the file %s is changed all the time", tranship.ErrUnavailable, from.file.Path)
}

// Copy implements tranship.Editor.
func (s *Store) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	return s.transplant(ctx, source, destination, precondition, false, func(found *object) (tranship.File, error) {
		copied := found.file
		copied.Path, copied.Version = destination, rand.Text()
		return copied, s.copyTo(ctx, found, copied, tranship.AccountFromContext(ctx), precondition)
	})
}

// copyTo stores the content of source as file, for an account, under a precondition.
func (s *Store) copyTo(ctx context.Context, source *object, file tranship.File, account *string, precondition tranship.Precondition) error {
	mine := func(found *object) bool { return found.file.Version == file.Version }
	condition, err := s.conditional(ctx, file.Path, mine, precondition, func(c condition) error { return s.rewrite(ctx, source, file, account, c) })
	if err != nil {
		return errorOf(ctx, err, file.Path)
	}
	s.changed(ctx, file.Path, condition.old)
	return nil
}

// transplant checks a Move or Copy, and then calls change with the file at source, while it has
// the lease of source if leased is set.
func (s *Store) transplant(ctx context.Context, source, destination string, precondition tranship.Precondition, leased bool, change func(*object) (tranship.File, error)) (tranship.File, error) {
	for _, path := range []string{source, destination} {
		if err := tranship.ValidatePath(path); err != nil {
			return tranship.File{}, err
		}
	}
	if err := precondition.ValidateTransplant(); err != nil {
		return tranship.File{}, err
	}
	if err := s.keys.check(destination); err != nil {
		return tranship.File{}, err
	}
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	done, err := s.change(ctx, destination, precondition, leased, source)
	if err != nil {
		return tranship.File{}, err
	}
	defer done()
	found, err := s.find(ctx, source)
	if err != nil {
		return tranship.File{}, err
	}
	if want := precondition.MustMatchSourceVersion; want != "" && want != found.file.Version {
		return tranship.File{}, failure.WrongVersion(source, found.file.Version, want)
	}
	precondition.MustMatchSourceVersion = ""
	if _, err := s.check(ctx, destination, precondition); err != nil {
		return tranship.File{}, err
	}
	if err := s.allow(ctx, destination); err != nil {
		return tranship.File{}, err
	}
	return change(found)
}
