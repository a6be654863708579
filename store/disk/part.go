package disk

import (
	"context"
	"fmt"
	"io/fs"
	"sync"

	"github.com/tranship/tranship"
)

// part is what has been written of a part of an upload.
type part struct {
	// mu is held while the part is written, so that a newer writer begins after
	// the older's last write.
	mu sync.Mutex
	// writer is the one that may write; nil once it is closed.
	writer *partWriter
	// dropped tells that the session has forgotten the part.
	dropped bool
	// written bytes have the checksum crc.
	written int64
	crc     uint32
	// reached is the most that any writer has written: disk that is in use.
	reached int64

	// recorded tells that the journal has the part, whole; guarded by the
	// journal's lock.
	recorded bool
	// round counts how often the part was begun; durable tells that it would
	// outlive the process or the machine now, and its checksum. They are guarded
	// by the session's lock.
	round      uint64
	durable    bool
	durableCRC uint32
}

// Part implements tranship.Upload. The context governs the writing, too.
func (u *upload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	w, err := u.beginPart(ctx, n)
	if err != nil {
		return nil, err
	}
	return w, nil
}

func (u *upload) beginPart(ctx context.Context, n int) (*partWriter, error) {
	number, size := int64(n), u.size()
	if err := u.admitPart(number); err != nil {
		return nil, err
	}
	u.gate.RLock()
	defer u.gate.RUnlock()
	if err := u.writable(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := u.reserved.resume(u.path); err != nil {
		return nil, err
	}
	offset := number * u.partSize
	w := &partWriter{ctx: ctx, upload: u, number: n, offset: offset, most: min(u.partSize, size-offset)}
	part, err := u.lockPart(number, w.most)
	if err != nil {
		return nil, err
	}
	w.part = part
	defer part.mu.Unlock()
	if err := u.restart(part, number); err != nil {
		return nil, err
	}
	part.writer = w
	part.written = 0
	part.crc = 0
	return w, nil
}

// writable is why no part may be written. The caller holds the gate.
func (u *upload) writable() error {
	if err := u.ended(); err != nil {
		return err
	}
	if u.committed != nil {
		return fmt.Errorf("%w: %s was committed", tranship.ErrAborted, u.path)
	}
	return nil
}

// admitWriter is writable for who does not hold the gate.
func (u *upload) admitWriter() error {
	u.gate.RLock()
	defer u.gate.RUnlock()
	return u.writable()
}

func (s *session) admitPart(number int64) error {
	if number < 0 || number > s.size()/s.partSize {
		return &tranship.InvalidError{Field: "part", Rule: "a part's number must not be negative or beyond the upload's size"}
	}
	return nil
}

// maxPartial is how many parts that are not whole an upload of known size keeps in
// memory, beside those that are being written. More than a client has under way at once,
// they only tell more exactly what is missing.
const maxPartial = 256

// lockPart is part, locked.
func (s *session) lockPart(number, most int64) (*part, error) {
	for {
		part, err := s.part(number, most)
		if err != nil {
			return nil, err
		}
		part.mu.Lock()
		if !part.dropped {
			return part, nil
		}
		part.mu.Unlock()
	}
}

// dropPartial forgets parts that are not whole and not being written. The caller holds mu.
func (s *session) dropPartial() {
	for n, p := range s.parts {
		if !p.mu.TryLock() {
			continue // in use
		}
		if p.writer == nil && p.written < min(s.partSize, s.size()-n*s.partSize) {
			p.dropped = true
			delete(s.parts, n)
		}
		p.mu.Unlock()
	}
	s.partsAtDrop = len(s.parts)
}

// part is the upload's part of that number. If the upload's size is not known, a
// new one takes space for itself.
func (s *session) part(number, most int64) (*part, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if part := s.parts[number]; part != nil {
		return part, nil
	}
	if s.declared == nil {
		if err := s.reserved.grow(s.path, most); err != nil {
			return nil, err
		}
	}
	if s.declared != nil && len(s.parts) >= s.partsAtDrop+maxPartial {
		s.dropPartial()
	}
	s.parts[number] = new(part)
	return s.parts[number], nil
}

// partWriter implements tranship.PartWriter.
type partWriter struct {
	ctx    context.Context
	upload *upload
	part   *part
	number int
	// offset is where the part begins, most how many bytes it can have.
	offset, most int64
	closed       bool
}

// Write implements io.Writer. After a failure nothing of data counts as written,
// and the same may be written again.
func (w *partWriter) Write(data []byte) (int, error) {
	if err := w.WriteChunk(tranship.NewChunk([][]byte{data}, tranship.CRC32C(data), nil)); err != nil {
		return 0, err
	}
	return len(data), nil
}

// WriteChunk implements tranship.ChunkWriter.
func (w *partWriter) WriteChunk(c tranship.Chunk) error {
	defer c.Release()
	if w.closed {
		return fs.ErrClosed
	}
	if err := w.ctx.Err(); err != nil {
		return err
	}
	length := int64(c.Len())
	u := w.upload
	u.gate.RLock()
	defer u.gate.RUnlock()
	part := w.part
	part.mu.Lock()
	defer part.mu.Unlock()
	if err := w.lost(); err != nil {
		return err
	}
	if length > w.most-part.written {
		return &tranship.InvalidError{Field: "data", Rule: "bytes must not go beyond the end of the part or the upload's size"}
	}
	if err := u.reserved.resume(u.path); err != nil {
		return err
	}
	if err := u.store.space.spend(u.path, part.written+length-part.reached); err != nil {
		return err
	}
	if err := u.writeAt(w.offset+part.written, c.Pieces); err != nil {
		return fail("write", u.path, err)
	}
	part.crc = tranship.CombineCRC32C(part.crc, c.CRC32C, length)
	part.written += length
	u.touch()
	if more := part.written - part.reached; more > 0 {
		u.reserved.use(more)
		part.reached = part.written
	}
	return nil
}

// writeAt writes to the draft. One write at a time: the file system would let others
// wait for the file's lock, and they would spin.
func (s *session) writeAt(offset int64, pieces [][]byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	_, err := s.store.system.writeAt(s.draft.file, offset, pieces...)
	return err
}

// Close implements tranship.PartWriter.
func (w *partWriter) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	w.upload.gate.RLock()
	defer w.upload.gate.RUnlock()
	w.part.mu.Lock()
	defer w.part.mu.Unlock()
	if err := w.lost(); err != nil {
		return err
	}
	if w.upload.resumable() && w.part.written > 0 && w.part.written == w.most {
		w.upload.complete(w.part, int64(w.number))
	}
	w.part.writer = nil
	return nil
}

// discard ends the writer and forgets what it wrote.
func (w *partWriter) discard() {
	w.closed = true
	w.upload.gate.RLock()
	defer w.upload.gate.RUnlock()
	w.part.mu.Lock()
	defer w.part.mu.Unlock()
	if w.lost() == nil {
		w.part.written, w.part.crc = 0, 0
		w.part.writer = nil
	}
}

// lost tells whether the writer lost its part to a newer one, or to the end of the
// upload. The caller holds the gate and the part.
func (w *partWriter) lost() error {
	if err := w.upload.writable(); err != nil {
		return err
	}
	if w.part.writer != w {
		return fmt.Errorf("%w: part %d of %s has a newer writer", tranship.ErrAborted, w.number, w.upload.path)
	}
	return nil
}
