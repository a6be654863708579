package guard

import (
	"context"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// SetAttributes implements tranship.Editor. It needs the right to write. A caller who may
// not read gets what a list returns. One who may not list either gets only the attributes
// of this call.
func (s *store) SetAttributes(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (tranship.File, error) {
	if err := attributes.Validate(); err != nil {
		return tranship.File{}, err
	}
	if err := s.authorizeChange(ctx, path, precondition, access.Write); err != nil {
		return tranship.File{}, err
	}
	file, err := s.inner.SetAttributes(ctx, path, attributes, precondition)
	if err != nil {
		return tranship.File{}, s.redact(ctx, path, err)
	}
	return s.visibility(ctx, path).changed(file, attributes), nil
}

// Remove implements tranship.Editor. It needs the right to delete.
func (s *store) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	if err := s.authorizeChange(ctx, path, precondition, access.Delete); err != nil {
		return err
	}
	return s.redact(ctx, path, s.inner.Remove(ctx, path, precondition))
}

// Move implements tranship.Editor. It needs the right to write the destination, and those
// to read and delete the source: its content becomes readable at the destination.
func (s *store) Move(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	precondition, err := s.authorizeTransplant(ctx, source, destination, precondition, access.Read, access.Delete)
	if err != nil {
		return tranship.File{}, err
	}
	file, err := s.inner.Move(ctx, source, destination, precondition)
	return file, s.redact(ctx, destination, err)
}

// Copy implements tranship.Editor. It needs the rights to read the source and to write the
// destination.
func (s *store) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	precondition, err := s.authorizeTransplant(ctx, source, destination, precondition, access.Read)
	if err != nil {
		return tranship.File{}, err
	}
	file, err := s.inner.Copy(ctx, source, destination, precondition)
	return file, s.redact(ctx, destination, err)
}

// authorizeChange checks whether the caller may change the file at path.
func (s *store) authorizeChange(ctx context.Context, path string, precondition tranship.Precondition, action access.Action) error {
	if err := precondition.Validate(); err != nil {
		return err
	}
	if err := s.authorizeExisting(ctx, path, action); err != nil {
		return err
	}
	return s.authorizePrecondition(ctx, path, precondition)
}

// authorizeTransplant checks whether the caller may move or copy source to destination.
// Actions are the rights that this takes at source. It returns the precondition of
// authorizeWrite.
func (s *store) authorizeTransplant(ctx context.Context, source, destination string, precondition tranship.Precondition, actions ...access.Action) (tranship.Precondition, error) {
	if err := precondition.ValidateTransplant(); err != nil {
		return precondition, err
	}
	if err := tranship.ValidatePath(source); err != nil {
		return precondition, err
	}
	if err := tranship.ValidatePath(destination); err != nil {
		return precondition, err
	}
	if err := s.authorizeExisting(ctx, source, actions...); err != nil {
		return precondition, err
	}
	precondition, err := s.authorizeWrite(ctx, destination, precondition)
	if err != nil {
		return precondition, err
	}
	return precondition, s.authorizePrecondition(ctx, destination, precondition)
}
