package native

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/batch"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

const (
	// putWorkers is how many batches of puts of one stream are stored at once, and putsABatch
	// how many puts a batch has at most.
	putWorkers = 4
	putsABatch = 64
)

// put is a small file that arrived as a whole.
type put struct {
	request *transhipv1.Put
	data    *payload.Message
	// held is how many bytes the stream holds for the data.
	held int64
}

func (p put) batchPath() string { return p.request.GetPath() }
func (p put) batchBytes() int64 { return p.held }

// newPuts returns what stores the puts of the stream. A store without BatchPutter would store
// the puts of a batch one after the other: there, each put is a batch, and all are stored at
// once.
func (u *uploadStream) newPuts() *batcher[put] {
	workers, most := streamWorkers, 1
	if _, ok := tranship.As[tranship.BatchPutter](u.service.store); ok {
		workers, most = putWorkers, putsABatch
	}
	return newBatcher(workers, most, tranship.MaxBatchBytes, func(batch []put) {
		u.service.put(u.ctx, batch, u.replies)
		held := int64(0)
		for _, p := range batch {
			p.data.Free()
			held += p.held
		}
		u.spare.put(batch)
		u.drop(held)
		u.workers.Release(int64(len(batch)))
	})
}

// put stores small files and replies the outcomes.
func (s *Service) put(ctx context.Context, batch []put, replies *replies) {
	start := time.Now()
	watched, refused := s.watch(ctx)
	results := s.storeWhole(watched, batch)
	for i, p := range batch {
		refused(Refusal{Action: "put", Path: p.request.GetPath(), Err: results[i].Err})
	}
	replies.addEncoded(encodePutReplies(&replies.buffers, batch, results))
	ended := make([]observation.Transfer, len(batch))
	for i, p := range batch {
		err := results[i].Err
		s.logInternal(ctx, "put", err)
		ended[i] = observation.Transfer{Path: p.request.GetPath(), Bytes: int64(p.data.Len()), Start: start, Err: err}
	}
	s.logTransfers(ctx, "upload", ended...)
}

// storeWhole stores the puts of a batch, and returns a result for each.
func (s *Service) storeWhole(ctx context.Context, puts []put) []tranship.PutResult {
	items := make([]tranship.PutItem, len(puts))
	check := func(i int) (err error) {
		items[i], err = s.putItem(ctx, puts[i])
		return err
	}
	failed := func(err error) tranship.PutResult { return tranship.PutResult{Err: err} }
	return batch.Pass(items, check, failed, func(items []tranship.PutItem) []tranship.PutResult {
		stored, err := s.storeItems(ctx, items)
		if err != nil {
			return slices.Repeat([]tranship.PutResult{{Err: err}}, len(items))
		}
		return stored
	})
}

// storeItems stores the items of a batch. It returns a result for each, or an error for all.
func (s *Service) storeItems(ctx context.Context, items []tranship.PutItem) (results []tranship.PutResult, err error) {
	defer s.recovered(ctx, "put", &err)
	results = tranship.PutBatch(ctx, s.store, items)
	if len(results) != len(items) {
		return nil, fmt.Errorf("the store returned %d results for a batch of %d files", len(results), len(items))
	}
	return results, nil
}

// putItem checks a put, and returns what the store gets.
func (s *Service) putItem(ctx context.Context, p put) (item tranship.PutItem, err error) {
	defer s.recovered(ctx, "put", &err)
	request, data := p.request, p.data.Bytes()
	spec, err := specFromProto(request)
	if err != nil {
		return item, err
	}
	size := int64(len(data))
	spec.Size = &size
	spec.Durability = s.durability(spec.Durability)
	crc := tranship.CRC32C(data)
	if request.Crc32C != nil && request.GetCrc32C() != crc {
		return item, fmt.Errorf("%w: the content of %s does not have its CRC32C", tranship.ErrIntegrity, spec.Path)
	}
	if err := verifyCheck(request.Check, spec.Path, &size, &crc); err != nil {
		return item, err
	}
	if request.Crc32C != nil {
		spec.CRC32C = &crc
	}
	return tranship.PutItem{Spec: spec, Data: data}, nil
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
