package native

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

func (s *slot) write(chunk *transhipv1.Chunk, data *payload.Message, held *chunkPayload) error {
	size := int64(data.Len())
	defer s.stream.dropChunk(held)
	s.session.received.Add(size)
	crc := data.Sum()
	if chunk.Crc32C != nil && crc != chunk.GetCrc32C() {
		data.Free()
		return errWrongChunk(chunk)
	}
	count := func() error { return s.stream.count(held, true) }
	if err := s.sequencer.write(chunk.Offset, data.Chunk(crc), count); err != nil {
		return err
	}
	s.wrote(size)
	return nil
}

// writeZeros writes a run of zeros. It counts as received once it is written, because until
// then nothing bounds its length.
func (s *slot) writeZeros(zeros *transhipv1.Zeros) error {
	length := zeros.GetLength()
	if err := s.sequencer.writeZeros(zeros.Offset, length); err != nil {
		return err
	}
	s.received.Add(length)
	s.session.received.Add(length)
	s.wrote(length)
	return nil
}

// reached records how far the slot has written.
func (s *slot) reached() {
	s.reach = max(s.reach, s.sequencer.offset)
	if s.owner {
		s.session.extend(s.reach)
	}
}

// takeBack discards the part that a joined slot was writing when it failed, so that no
// byte of it becomes part of the file. The caller must not call it if a newer writer has
// taken over the part.
func (s *slot) takeBack() {
	if s.sequencer.writer == nil {
		return
	}
	s.restart(s.sequencer.offset / s.session.upload.PartSize())
}

// restart empties a part.
func (s *slot) restart(part int64) {
	writer, err := s.sequencer.upload.Part(context.WithoutCancel(s.stream.ctx), int(part))
	if err == nil {
		_ = writer.Close() // the upload has ended, or the part is empty
	}
}

// copyPart fills a part from a file of the store.
func (s *slot) copyPart(request *transhipv1.CopyPart) error {
	if request.Crc32C != nil && s.session.spec.ResumeKey == "" {
		return &tranship.InvalidError{Field: "copy_part.crc32c", Rule: "needs an upload with keep"}
	}
	err := s.sequencer.copyPart(request.GetOffset(), request.GetSourcePath(), tranship.OpenOptions{
		Version: request.GetSourceVersion(),
		Offset:  request.GetSourceOffset(),
	})
	if err != nil {
		return err
	}
	s.reached()
	s.session.copied.Add(s.session.upload.PartSize())
	if request.Crc32C == nil {
		return nil
	}
	if err := s.session.upload.Sync(s.ctx); err != nil {
		return err
	}
	for _, part := range s.session.upload.Durable() {
		if part.Offset == request.GetOffset() && *part.CRC32C == request.GetCrc32C() {
			return nil
		}
	}
	s.restart(request.GetOffset() / s.session.upload.PartSize())
	return fmt.Errorf("%w: what was copied to offset %d does not have its CRC32C", tranship.ErrIntegrity, request.GetOffset())
}

// finish commits the upload, or ends a slot that has joined it.
func (s *slot) finish(finish *transhipv1.Finish) (*transhipv1.Finished, error) {
	if err := s.sequencer.close(); err != nil {
		return nil, err
	}
	if !s.owner {
		return s.leave()
	}
	commit := tranship.Commit{Size: s.session.end(), CRC32C: finish.Crc32C}
	switch {
	case finish.Size != nil:
		commit.Size = finish.GetSize()
	case s.session.spec.Size != nil:
		commit.Size = *s.session.spec.Size
	}
	var err error
	if commit.Attributes, err = wire.AttributesFromProto(finish.GetAttributes()); err != nil {
		return nil, err
	}
	if err := verifyCheck(finish.Check, s.session.spec.Path, finish.Size, finish.Crc32C); err != nil {
		return nil, err
	}
	file, err := s.session.upload.Commit(s.ctx, commit)
	if err != nil {
		return nil, err
	}
	return &transhipv1.Finished{Slot: s.id, File: wire.FileToProto(file)}, nil
}

// leave ends a joined slot. Parts of an upload that can be resumed are durable before.
func (s *slot) leave() (*transhipv1.Finished, error) {
	finished := &transhipv1.Finished{Slot: s.id}
	s.session.extend(s.reach)
	if s.session.spec.ResumeKey == "" {
		return finished, nil
	}
	upload := s.session.upload
	if err := upload.Sync(s.ctx); err != nil {
		return nil, err
	}
	for _, part := range upload.Durable() {
		if _, mine := s.sequencer.begun[part.Offset/upload.PartSize()]; mine {
			finished.Durable = append(finished.Durable, wire.RangeToProto(part))
		}
	}
	return finished, nil
}
