package native

import (
	"errors"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// chunkWrite is how far a chunk that arrives in pieces is.
type chunkWrite struct {
	begun bool
	// crc is the checksum of the pieces that have arrived.
	crc uint32
	// whole means that the chunk crosses the end of a part, which must not become whole before
	// the checksum of the chunk was compared. pieces has the pieces then.
	whole  bool
	pieces []tranship.Chunk
}

// take makes the goroutine that receives write a chunk, and those that follow it. The slot handles
// no other event until then.
func (s *slot) take(a *arrival) {
	s.arriving = a
	a.taken <- s
}

// endArrival records the outcome of the chunks that were arriving.
func (s *slot) endArrival(err error) error {
	switch {
	case err == nil:
		s.arriving = nil
	case errors.Is(err, errCut):
		s.cut = true // the next event ends the slot
		return nil
	}
	return err
}

// outcome returns the channel of the outcome of the chunks that are arriving; nil if none are.
func (s *slot) outcome() <-chan error {
	if s.arriving == nil || s.cut {
		return nil
	}
	return s.arriving.ended
}

// writePiece writes a piece, or frees it. The last piece is written only if the chunk has its
// checksum: until then the part is not whole, and nothing counts as written. The slot must have
// taken the chunk, and the caller must hold its mu.
func (s *slot) writePiece(a *arrival, piece *payload.Message) error {
	w := &a.write
	size := int64(piece.Len())
	last := piece.Left() == 0
	s.received.Add(size)
	s.session.received.Add(size)
	crc := piece.Sum()
	w.crc = tranship.CombineCRC32C(w.crc, crc, size)
	data := piece.Chunk(crc)
	if last && a.chunk.Crc32C != nil && w.crc != a.chunk.GetCrc32C() {
		data.Release()
		w.release()
		return errWrongChunk(a.chunk)
	}
	if !w.begun {
		if err := s.sequencer.admit(a.chunk.Offset, a.size); err != nil {
			data.Release()
			return err
		}
		partSize := s.session.upload.PartSize()
		w.begun, w.whole = true, a.size > partSize-s.sequencer.offset%partSize
	}
	var err error
	switch {
	case !w.whole:
		err = s.writeHeld(size, data)
	case last:
		err = s.writeHeld(a.size, append(w.pieces, data)...)
	default:
		w.pieces = append(w.pieces, data)
	}
	if last && err == nil {
		s.wrote(a.size)
	}
	return err
}

// release frees the pieces that are not written.
func (w *chunkWrite) release() {
	for _, piece := range w.pieces {
		piece.Release()
	}
	w.pieces = nil
}

// writeHeld writes pieces that have size bytes together, when the stream may hold so many.
func (s *slot) writeHeld(size int64, pieces ...tranship.Chunk) error {
	held, err := s.stream.holdChunk(size)
	if err == nil {
		defer s.stream.dropChunk(held)
	} else {
		err = errCut // the context has ended
	}
	count := func() error {
		if s.stream.count(held, true) != nil {
			return errCut // the context has ended
		}
		return nil
	}
	for _, piece := range pieces {
		if err != nil {
			piece.Release()
			continue
		}
		err = s.sequencer.write(nil, piece, count)
	}
	return err
}

// wrote counts size bytes of a chunk that are written.
func (s *slot) wrote(size int64) {
	s.written.Add(size)
	s.session.written.Add(size)
	s.reached()
}

func errWrongChunk(chunk *transhipv1.Chunk) error {
	return fmt.Errorf("%w: a chunk at offset %d does not have its CRC32C", tranship.ErrIntegrity, chunk.GetOffset())
}
