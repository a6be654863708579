package s3

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// condition is a precondition in the terms of the engine.
type condition struct {
	// match is the ETag that the object must have, and none is "*" if it must not exist; nil
	// for neither.
	match, none *string
	// old is the file that will be replaced, if the store has looked.
	old *object
}

// check checks a precondition on path, and returns the condition with which the engine checks
// it again at the moment of the change.
func (s *Store) check(ctx context.Context, path string, precondition tranship.Precondition) (condition, error) {
	version, revision := precondition.MustMatchVersion, precondition.MustMatchRevision
	if version == "" && revision == "" && !precondition.MustNotExist {
		return condition{}, nil
	}
	found, err := s.head(ctx, path)
	if err != nil {
		return condition{}, err
	}
	if precondition.MustNotExist {
		if found != nil {
			return condition{}, &tranship.PathError{Path: path, Err: tranship.ErrExists}
		}
		return condition{none: aws.String("*")}, nil
	}
	if err := found.check(path, precondition); err != nil {
		return condition{}, err
	}
	return condition{match: &found.etag, old: found}, nil
}

// check checks a precondition on an object at path, which is nil if there is none.
func (o *object) check(path string, precondition tranship.Precondition) error {
	if precondition.MustNotExist && o != nil {
		return &tranship.PathError{Path: path, Err: tranship.ErrExists}
	}
	if want := precondition.MustMatchVersion; want != "" {
		has := ""
		if o != nil {
			has = o.file.Version
		}
		if has != want {
			return failure.WrongVersion(path, has, want)
		}
	}
	if want := precondition.MustMatchRevision; want != "" {
		has := ""
		if o != nil {
			has = o.file.Revision()
		}
		if has != want {
			return failure.WrongRevision(path, has, want)
		}
	}
	return nil
}

// decidable returns an error if the engine does not check a precondition on a file that is
// made of parts.
func (s *Store) decidable(path string, precondition tranship.Precondition) error {
	if s.features.conditionalComplete || s.options.AcceptRaces || !precondition.MustNotExist && !decides(precondition) {
		return nil
	}
	return failure.Worded(&tranship.PathError{Path: path, Err: tranship.ErrUnsupported}, "%v: the S3 engine does not check conditions on large files, such as %s: leave the condition out, or make the server accept races", tranship.ErrUnsupported, path)
}

// rounds is how often a change is tried whose condition holds each time before, and not when
// the engine checks it.
const rounds = 10

// conditional makes a change under a precondition on path. do makes the request. mine reports
// whether an object is what do makes, so that a request that was repeated after its reply was
// lost is found to have succeeded.
func (s *Store) conditional(ctx context.Context, path string, mine func(*object) bool, precondition tranship.Precondition, do func(condition) error) (condition, error) {
	for round := 0; ; round++ {
		condition, err := s.check(ctx, path, precondition)
		if err != nil {
			return condition, err
		}
		err = do(condition)
		if err == nil || !isConflict(err) && !isCondition(err) && !isUploadMissing(err) {
			return condition, err
		}
		found, headed := s.head(ctx, path)
		switch {
		case headed != nil:
			return condition, headed
		case found != nil && mine(found):
			return condition, nil
		case isUploadMissing(err):
			return condition, err
		case round == rounds:
			return condition, translated(ctx, err, path)
		}
	}
}
