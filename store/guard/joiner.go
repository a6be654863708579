package guard

import (
	"context"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/hidden"
)

// JoinUpload implements tranship.UploadJoiner. Uploads of other owners are not found. It needs
// the rights that Begin did.
func (s *store) JoinUpload(ctx context.Context, id string, epoch uint64) (tranship.Upload, tranship.Spec, error) {
	inner, spec, err := tranship.JoinUpload(ctx, s.inner, id, epoch)
	if err != nil {
		return nil, tranship.Spec{}, s.unjoined(ctx, id, err)
	}
	if spec.Owner != access.FromContext(ctx).Name {
		err = hidden.Behind(tranship.UploadNotFound(id))
	} else {
		err = s.authorizeBegun(ctx, spec.Path, spec.Precondition)
	}
	if err != nil {
		_ = inner.Detach(context.WithoutCancel(ctx)) // nothing was written
		return nil, tranship.Spec{}, err
	}
	return &upload{inner, s, spec.Path, spec.Attributes, spec.Precondition}, spec, nil
}

// unjoined returns the error for the caller of a JoinUpload that has failed with err, which may
// describe the upload of another owner.
func (s *store) unjoined(ctx context.Context, id string, err error) error {
	info, notFound := s.FindUpload(ctx, id)
	if notFound != nil {
		return notFound
	}
	return s.redact(ctx, info.Path, err)
}
