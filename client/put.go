package client

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// Put implements tranship.Store. Concurrent calls share a stream and wait for
// nothing but their own replies.
func (c *Client) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	size := int64(len(data))
	if err := spec.Validate(); err != nil {
		return tranship.File{}, err
	}
	if size > tranship.MaxPutBytes {
		return tranship.File{}, fmt.Errorf("%w: put takes at most %d bytes, not %d", tranship.ErrLimit, tranship.MaxPutBytes, size)
	}
	if spec.Size != nil && *spec.Size != size {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: fmt.Sprintf("must be the data's, %d, not %d", size, *spec.Size)}
	}
	precondition, err := wire.PreconditionToProto(spec.Precondition)
	if err != nil {
		return tranship.File{}, err
	}
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	stream, err := c.sharedStream(ctx)
	if err != nil {
		return tranship.File{}, err
	}
	crc := tranship.CRC32C(data)
	slot, err := stream.open(ctx, func(id uint64) *transhipv1.UploadRequest {
		return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{
			Slot:         id,
			Path:         spec.Path,
			Attributes:   wire.AttributesToProto(spec.Attributes),
			Precondition: precondition,
			Durability:   wire.DurabilityToProto(spec.Durability),
			Data:         data,
			Crc32C:       &crc,
			Check:        new(tranship.Check(spec.Path, size, crc)),
		}}}
	})
	if err != nil {
		return tranship.File{}, err
	}
	return committed(slot.wait(ctx))
}

func committed(finished *transhipv1.Finished, err error) (tranship.File, error) {
	if err != nil {
		return tranship.File{}, err
	}
	return wire.FileFromProto(finished.GetFile())
}

// sharedStream is the stream of small files: the one there is, or a new one when
// it has ended.
func (c *Client) sharedStream(ctx context.Context) (*uploadStream, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errClosed
	}
	if c.shared == nil || c.shared.ended() {
		stream, err := openUploadStream(ctx, c.files)
		if err != nil {
			return nil, err
		}
		c.shared = stream
	}
	return c.shared, nil
}
