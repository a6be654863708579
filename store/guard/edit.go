package guard

import (
	"context"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// SetAttributes implements tranship.Editor. It takes the right to write. A caller who may
// not read is told what a list has, and one who may not list either what they have set.
func (s *store) SetAttributes(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (tranship.File, error) {
	if err := attributes.Validate(); err != nil {
		return tranship.File{}, err
	}
	if err := s.changing(ctx, path, precondition, access.Write); err != nil {
		return tranship.File{}, err
	}
	file, err := s.inner.SetAttributes(ctx, path, attributes, precondition)
	if err != nil {
		return tranship.File{}, s.refusal(ctx, path, err)
	}
	return s.knowledge(ctx, path).answer(file, attributes), nil
}

// Remove implements tranship.Editor. It takes the right to delete.
func (s *store) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	if err := s.changing(ctx, path, precondition, access.Delete); err != nil {
		return err
	}
	return s.refusal(ctx, path, s.inner.Remove(ctx, path, precondition))
}

// Move implements tranship.Editor. It takes the rights to read and delete the source,
// for its content is to be read elsewhere, and to write the destination.
func (s *store) Move(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	if err := s.transplant(ctx, source, destination, precondition, access.Read, access.Delete); err != nil {
		return tranship.File{}, err
	}
	file, err := s.inner.Move(ctx, source, destination, precondition)
	return file, s.refusal(ctx, destination, err)
}

// Copy implements tranship.Editor. It takes the rights to read the source and to
// write the destination.
func (s *store) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	if err := s.transplant(ctx, source, destination, precondition, access.Read); err != nil {
		return tranship.File{}, err
	}
	file, err := s.inner.Copy(ctx, source, destination, precondition)
	return file, s.refusal(ctx, destination, err)
}

// changing decides about a change of the file at path.
func (s *store) changing(ctx context.Context, path string, precondition tranship.Precondition, action access.Action) error {
	if err := precondition.Validate(); err != nil {
		return err
	}
	if err := s.existing(ctx, path, action); err != nil {
		return err
	}
	return s.comparing(ctx, path, precondition)
}

// transplant decides about putting what is at source at destination.
func (s *store) transplant(ctx context.Context, source, destination string, precondition tranship.Precondition, actions ...access.Action) error {
	if err := precondition.ValidateTransplant(); err != nil {
		return err
	}
	if err := tranship.ValidatePath(source); err != nil {
		return err
	}
	if err := tranship.ValidatePath(destination); err != nil {
		return err
	}
	if err := s.existing(ctx, source, actions...); err != nil {
		return err
	}
	if err := s.writing(ctx, destination); err != nil {
		return err
	}
	return s.comparing(ctx, destination, precondition)
}
