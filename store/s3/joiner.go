package s3

import (
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
)

var _ tranship.UploadJoiner = (*Store)(nil)

// JoinUpload implements tranship.UploadJoiner.
func (s *Store) JoinUpload(ctx context.Context, id string, epoch uint64) (tranship.Upload, tranship.Spec, error) {
	for {
		u, err := s.join(ctx, id, epoch)
		if err == nil {
			return u, cloneSpec(u.spec), nil
		}
		if !errors.Is(err, errSwapped) {
			return nil, tranship.Spec{}, err
		}
		if err := budget.Sleep(ctx, mathrand.N(swapPause)); err != nil { //nolint:gosec // guessing it gains nothing
			return nil, tranship.Spec{}, err
		}
	}
}

// join is JoinUpload, but returns errSwapped if another server has changed the session.
func (s *Store) join(ctx context.Context, id string, epoch uint64) (*upload, error) {
	x, err := s.unfinished(ctx, id)
	if err != nil {
		return nil, err
	}
	switch {
	case x.Epoch > epoch:
		return nil, fmt.Errorf("%w: another copy of %s took over its upload", tranship.ErrAborted, x.Path)
	case x.Epoch < epoch:
		return nil, tranship.UploadNotFound(id)
	case x.Detached || x.UploadID == "" && x.Size > 0:
		return nil, fmt.Errorf("%w: the upload of %s was detached, and can be resumed", tranship.ErrUnavailable, x.Path)
	}
	if !x.Joined {
		next := x.clone()
		next.Joined, next.Used = true, now()
		if x, err = s.swap(ctx, x, next); err != nil {
			return nil, err
		}
	}
	var parts map[int]*part
	if x.UploadID != "" {
		if parts, _, err = s.listParts(ctx, x); isUploadMissing(err) {
			return nil, tranship.UploadNotFound(id) // it becomes a file at this moment
		}
		if err != nil {
			return nil, translated(ctx, err, x.Path)
		}
	}
	lost, err := s.missingTail(ctx, x)
	if err != nil {
		return nil, err
	}
	u := s.sessionUpload(ctx, x.spec(), x)
	u.lostTail = lost
	u.guest = true
	for n, p := range parts {
		u.parts[n] = p
	}
	return u, nil
}
