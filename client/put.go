package client

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

func (c *Client) put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	size := int64(len(data))
	if err := spec.Validate(); err != nil {
		return tranship.File{}, err
	}
	if size > tranship.MaxPutBytes {
		return tranship.File{}, failure.PutTooLarge(spec.Path, size)
	}
	if spec.Size != nil && *spec.Size != size {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: fmt.Sprintf("must be the size of the data, %d, not %d", size, *spec.Size)}
	}
	crc := tranship.CRC32C(data)
	if spec.CRC32C != nil && *spec.CRC32C != crc {
		return tranship.File{}, failure.WrongChecksum(spec.Path, crc, *spec.CRC32C)
	}
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	stream, err := c.puts.get(ctx)
	if err != nil {
		return tranship.File{}, err
	}
	slot, err := stream.open(ctx, func(id uint64) *transhipv1.UploadRequest {
		return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{
			Slot:         id,
			Path:         spec.Path,
			Attributes:   wire.AttributesToProto(spec.Attributes),
			Precondition: wire.PreconditionToProto(spec.Precondition),
			Durability:   wire.DurabilityToProto(spec.Durability),
			Data:         data,
			Crc32C:       &crc,
			Check:        new(tranship.Check(spec.Path, size, crc)),
		}}}
	})
	if err != nil {
		return tranship.File{}, err
	}
	return slot.committed(ctx, spec.Path)
}
