package s3

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tranship/tranship"
)

// SetAttributes implements tranship.Editor. The engine copies the object onto itself, because
// the metadata of an object cannot be changed.
func (s *Store) SetAttributes(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (tranship.File, error) {
	if err := attributes.Validate(); err != nil {
		return tranship.File{}, err
	}
	done, err := s.edit(ctx, path, precondition, path)
	if err != nil {
		return tranship.File{}, err
	}
	defer done()
	return s.setAttributesLocked(ctx, path, attributes, precondition)
}

// edit checks the arguments of a change of an existing file, and locks its path, against other
// servers too if it is leased.
func (s *Store) edit(ctx context.Context, path string, precondition tranship.Precondition, leased ...string) (done func(), err error) {
	if err := tranship.ValidatePath(path); err != nil {
		return nil, err
	}
	if err := precondition.Validate(); err != nil {
		return nil, err
	}
	return s.lock(ctx, []string{path}, leased, path, precondition)
}

// setAttributesLocked changes the attributes of the file at path, which must be locked.
func (s *Store) setAttributesLocked(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (tranship.File, error) {
	for range rounds {
		found, err := s.find(ctx, path)
		if err != nil {
			return tranship.File{}, err
		}
		if err := found.check(path, precondition); err != nil {
			return tranship.File{}, err
		}
		changed := attributes.Apply(found.file)
		if changed.Revision() == found.file.Revision() {
			return changed, nil
		}
		err = s.rewrite(ctx, found, changed, found.account, condition{match: &found.etag})
		if isUploadMissing(err) { // perhaps the reply of an earlier attempt was lost
			made, headed := s.head(ctx, path)
			if headed != nil {
				return tranship.File{}, headed
			}
			if made != nil && made.file.Revision() == changed.Revision() {
				err = nil
			}
		}
		if err == nil {
			s.entries.drop(path)
			s.dropRecord(ctx, found)
			return changed, nil
		}
		if !isCondition(err) && !isConflict(err) {
			return tranship.File{}, errorOf(ctx, err, path)
		}
	}
	return tranship.File{}, fmt.Errorf("%w: the file %s is changed all the time", tranship.ErrUnavailable, path)
}

// Remove implements tranship.Editor.
func (s *Store) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	done, err := s.edit(ctx, path, precondition)
	if err != nil {
		return err
	}
	defer done()
	for range rounds {
		found, err := s.find(ctx, path)
		if err != nil {
			return err
		}
		if err := found.check(path, precondition); err != nil {
			return err
		}
		removed, err := s.removeLocked(ctx, found)
		if removed || err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: the file %s is changed all the time", tranship.ErrUnavailable, path)
}

// removeLocked removes a file, whose path must be locked. It returns false if the object is
// another meanwhile.
func (s *Store) removeLocked(ctx context.Context, found *object) (removed bool, err error) {
	path := found.file.Path
	_, err = s.client.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &s.bucket, Key: aws.String(s.keys.file(path)), IfMatch: &found.etag})
	switch {
	case err == nil || isMissing(err):
		s.entries.drop(path)
		s.dropRecord(ctx, found)
		return true, nil
	case isCondition(err) || isConflict(err):
		return false, ctx.Err()
	}
	return false, translated(ctx, err, path)
}
