package mem

import (
	"context"
	"crypto/rand"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// SetAttributes implements tranship.Editor.
func (s *Store) SetAttributes(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (tranship.File, error) {
	if err := attributes.Validate(); err != nil {
		return tranship.File{}, err
	}
	var changed *file
	err := s.edit(ctx, path, precondition, func(f *file) {
		changed = &file{info: attributes.Apply(f.info), data: f.data, account: f.account}
		s.setLocked(changed)
	})
	if err != nil {
		return tranship.File{}, err
	}
	return changed.describe(), nil
}

// Remove implements tranship.Editor.
func (s *Store) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	return s.edit(ctx, path, precondition, func(*file) {
		s.deleteLocked(path)
		s.forgetCommitLocked(path)
	})
}

// edit calls change with the file at path while it holds mu. It fails if no file is there or
// the precondition does not hold.
func (s *Store) edit(ctx context.Context, path string, precondition tranship.Precondition, change func(*file)) error {
	if err := tranship.ValidatePath(path); err != nil {
		return err
	}
	if err := precondition.Validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	f := s.files[path]
	if f == nil {
		return &tranship.PathError{Path: path, Err: tranship.ErrNotFound}
	}
	if err := s.checkLocked(path, precondition); err != nil {
		return err
	}
	change(f)
	return nil
}

// Move implements tranship.Editor. The file keeps its version.
func (s *Store) Move(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	return s.transplant(ctx, source, destination, precondition, func(f *file) *file {
		if source == destination {
			return f
		}
		moved := &file{info: f.info, data: f.data, account: f.account}
		moved.info.Path = destination
		s.setLocked(moved)
		s.deleteLocked(source)
		s.forgetCommitLocked(source)
		return moved
	})
}

// Copy implements tranship.Editor.
func (s *Store) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	return s.transplant(ctx, source, destination, precondition, func(f *file) *file {
		copied := &file{info: f.info, data: f.data, account: tranship.AccountFromContext(ctx)}
		copied.info.Path = destination
		copied.info.Version = rand.Text()
		s.setLocked(copied)
		return copied
	})
}

// transplant checks a Move or Copy, and then calls change with the file at source while it
// holds mu.
func (s *Store) transplant(ctx context.Context, source, destination string, precondition tranship.Precondition, change func(*file) *file) (tranship.File, error) {
	for _, path := range []string{source, destination} {
		if err := tranship.ValidatePath(path); err != nil {
			return tranship.File{}, err
		}
	}
	if err := precondition.ValidateTransplant(); err != nil {
		return tranship.File{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	f := s.files[source]
	if f == nil {
		return tranship.File{}, &tranship.PathError{Path: source, Err: tranship.ErrNotFound}
	}
	if want := precondition.MustMatchSourceVersion; want != "" && want != f.info.Version {
		return tranship.File{}, failure.WrongVersion(source, f.info.Version, want)
	}
	if err := s.allowLocked(destination, precondition); err != nil {
		return tranship.File{}, err
	}
	if err := s.makeDirectoriesLocked(ctx, destination); err != nil {
		return tranship.File{}, err
	}
	return change(f).describe(), nil
}
