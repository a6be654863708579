package audit

import (
	"context"

	"github.com/tranship/tranship"
)

// JoinUpload implements tranship.UploadJoiner. A join has a line only if it fails: the lines of
// the upload are those of the server that has begun it.
func (s *store) JoinUpload(ctx context.Context, id string, epoch uint64) (tranship.Upload, tranship.Spec, error) {
	if err := s.log.output.ready(); err != nil {
		return nil, tranship.Spec{}, err
	}
	inner, spec, err := tranship.JoinUpload(ctx, s.inner, id, epoch)
	if err != nil {
		s.log.done(ctx, "join", err, uploadAttr(id))
		return nil, tranship.Spec{}, err
	}
	return &joined{inner, s.log, spec.Path}, spec, nil
}

// joined is an upload that was joined. Its end has no line.
type joined struct {
	tranship.Upload
	log  *Log
	path string
}

// CopyPart implements tranship.Upload.
func (j *joined) CopyPart(ctx context.Context, n int, source string, options tranship.OpenOptions) error {
	return copyPart(ctx, j.log, j.Upload, j.path, n, source, options)
}
