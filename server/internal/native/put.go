package native

import (
	"context"
	"fmt"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// put stores a small file and replies the outcome.
func (s *Service) put(ctx context.Context, put *transhipv1.Put, data *payload.Message, replies *replies) {
	start := time.Now()
	watched, refused := s.watch(ctx)
	file, err := s.storeWhole(watched, put, data.Bytes())
	refused(Refusal{Action: "put", Path: put.GetPath(), Err: err})
	if err != nil {
		replies.failed(put.GetSlot(), rpcstatus.Proto(err))
	} else {
		replies.finished(&transhipv1.Finished{Slot: put.GetSlot(), File: wire.FileToProto(file)})
	}
	s.logInternal(ctx, "put", err)
	s.logTransfer(ctx, outcome{
		direction: "upload", path: put.GetPath(), bytes: int64(data.Len()), start: start, err: err,
	})
}

func (s *Service) storeWhole(ctx context.Context, put *transhipv1.Put, data []byte) (file tranship.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = s.panicked(ctx, "put", r)
		}
	}()
	spec, err := specFromProto(put)
	if err != nil {
		return tranship.File{}, err
	}
	size := int64(len(data))
	spec.Size = &size
	spec.Durability = s.durability(spec.Durability)
	crc := tranship.CRC32C(data)
	if put.Crc32C != nil && put.GetCrc32C() != crc {
		return tranship.File{}, fmt.Errorf("%w: the content of %s does not have its CRC32C", tranship.ErrIntegrity, spec.Path)
	}
	if err := verifyCheck(put.Check, spec.Path, &size, &crc); err != nil {
		return tranship.File{}, err
	}
	spec.CRC32C = put.Crc32C
	return s.store.Put(ctx, spec, data)
}

// specMessage is the common part of begin and put.
type specMessage interface {
	GetPath() string
	GetAttributes() *transhipv1.Attributes
	GetPrecondition() *transhipv1.Precondition
	GetDurability() transhipv1.Durability
}

// specFromProto translates a spec without its size.
func specFromProto(message specMessage) (spec tranship.Spec, err error) {
	spec.Path = message.GetPath()
	if err := tranship.ValidatePath(spec.Path); err != nil {
		return spec, err
	}
	if spec.Attributes, err = wire.AttributesFromProto(message.GetAttributes()); err != nil {
		return spec, err
	}
	if spec.Precondition, err = wire.PreconditionFromProto(message.GetPrecondition()); err != nil {
		return spec, err
	}
	spec.Durability, err = wire.DurabilityFromProto(message.GetDurability())
	return spec, err
}

// verifyCheck compares the check of a file, if the client sent one, with its path, size
// and checksum.
func verifyCheck(check *uint32, path string, size *int64, crc *uint32) error {
	switch {
	case check == nil:
		return nil
	case size == nil || crc == nil:
		return &tranship.InvalidError{Field: "check", Rule: "needs size and crc32c beside it"}
	case tranship.Check(path, *size, *crc) != *check:
		return fmt.Errorf("%w: path, size and checksum of %s do not have their check", tranship.ErrIntegrity, path)
	default:
		return nil
	}
}
