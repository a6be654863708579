package mem

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
)

var _ tranship.UploadJoiner = (*Store)(nil)

// JoinUpload implements tranship.UploadJoiner, for several servers in one process.
func (s *Store) JoinUpload(ctx context.Context, id string, epoch uint64) (tranship.Upload, tranship.Spec, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	begun, err := s.findUploadLocked(ctx, id)
	if err != nil {
		return nil, tranship.Spec{}, err
	}
	path := begun.spec.Path
	switch {
	case begun.epoch < epoch:
		return nil, tranship.Spec{}, tranship.UploadNotFound(id)
	case begun.epoch > epoch:
		return nil, tranship.Spec{}, fmt.Errorf("%w: another copy of %s took over its upload", tranship.ErrAborted, path)
	case begun.current == nil:
		return nil, tranship.Spec{}, fmt.Errorf("%w: the upload of %s was detached, and can be resumed", tranship.ErrUnavailable, path)
	}
	return &joined{upload: &upload{store: s, session: begun, epoch: epoch, joins: begun.current}}, clone(begun.spec), nil
}

// joined implements tranship.Upload for an upload that was joined.
type joined struct{ *upload }

// Commit implements tranship.Upload.
func (j *joined) Commit(context.Context, tranship.Commit) (tranship.File, error) {
	return tranship.File{}, fmt.Errorf("%w: only the upload that was begun can be committed, not one that has joined it", tranship.ErrUnsupported)
}

// Abort implements tranship.Upload.
func (j *joined) Abort(ctx context.Context) error { return j.Detach(ctx) }

// Detach implements tranship.Upload.
func (j *joined) Detach(ctx context.Context) error {
	j.store.mu.Lock()
	defer j.store.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	j.left = true
	return nil
}
