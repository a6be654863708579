package native

import (
	"context"

	"github.com/tranship/tranship"
)

// slotUpload is the upload of a slot. What may wait for the memory of the store holds no payload of
// the server meanwhile.
type slotUpload struct {
	tranship.Upload
	stream *uploadStream
}

// Part implements tranship.Upload.
func (u slotUpload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	defer u.stream.opening()()
	return u.Upload.Part(ctx, n)
}

// CopyPart implements tranship.Upload.
func (u slotUpload) CopyPart(ctx context.Context, n int, source string, options tranship.OpenOptions) error {
	defer u.stream.opening()()
	return u.Upload.CopyPart(ctx, n, source, options)
}
