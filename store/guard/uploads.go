package guard

import (
	"context"
	"iter"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/hidden"
)

// ListUploads implements tranship.Uploads. It lists the caller's own uploads, which needs
// no right.
func (s *store) ListUploads(ctx context.Context, directory string) iter.Seq2[tranship.UploadInfo, error] {
	return func(yield func(tranship.UploadInfo, error) bool) {
		owner := access.FromContext(ctx).Name
		for info, err := range s.inner.ListUploads(ctx, directory) {
			if (err != nil || info.Owner == owner) && !yield(info, err) {
				return
			}
		}
	}
}

// FindUpload implements tranship.UploadFinder. Uploads of other owners are not found.
func (s *store) FindUpload(ctx context.Context, id string) (tranship.UploadInfo, error) {
	info, err := tranship.FindUpload(ctx, s.inner, id)
	if err == nil && info.Owner != access.FromContext(ctx).Name {
		return tranship.UploadInfo{}, hidden.Behind(tranship.UploadNotFound(id))
	}
	return info, err
}

// AbortUpload implements tranship.Uploads. Uploads of other owners are not found.
func (s *store) AbortUpload(ctx context.Context, id string) error {
	if _, err := s.FindUpload(ctx, id); err != nil {
		return err
	}
	return s.inner.AbortUpload(ctx, id)
}
