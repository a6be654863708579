package s3

import (
	"context"
	"io/fs"
	"sync"

	"github.com/tranship/tranship"
)

// writer implements tranship.PartWriter.
type writer struct {
	ctx    context.Context
	upload *upload
	n      int
	part   *part
	// most is the maximum length of the part in bytes.
	most int64
	// continues is the tail whose bytes the part begins with; nil for none.
	continues *tail
	once      sync.Once
	err       error
	// keeps is set once the part is closed, and kept in memory until the upload is committed.
	keeps bool
}

var _ tranship.ChunkWriter = (*writer)(nil)

// checkLocked checks whether length bytes may be written.
func (w *writer) checkLocked(length int64) error {
	switch {
	case w.part.closed:
		return fs.ErrClosed
	case w.ctx.Err() != nil:
		return w.ctx.Err()
	case w.part.ended != nil:
		return w.part.ended
	case length > w.most-w.part.length:
		return &tranship.InvalidError{Field: "data", Rule: "bytes must not go beyond the end of the part or the upload's size"}
	}
	return nil
}

// pieceBytes is the length of the buffers that Write copies into.
const pieceBytes = 1 << 20

func (w *writer) Write(data []byte) (int, error) {
	w.upload.mu.Lock()
	defer w.upload.mu.Unlock()
	if err := w.checkLocked(int64(len(data))); err != nil {
		return 0, err
	}
	p := w.part
	p.crc = tranship.UpdateCRC32C(p.crc, data)
	for rest := data; len(rest) > 0; {
		last := len(p.pieces) - 1
		if last < 0 || len(p.pieces[last]) == cap(p.pieces[last]) {
			p.pieces = append(p.pieces, make([]byte, 0, min(pieceBytes, w.most-p.length)))
			last++
		}
		n := min(len(rest), cap(p.pieces[last])-len(p.pieces[last]))
		p.pieces[last] = append(p.pieces[last], rest[:n]...)
		p.length += int64(n)
		rest = rest[n:]
	}
	return len(data), nil
}

// WriteChunk implements tranship.ChunkWriter. It keeps the chunk until the engine has it.
func (w *writer) WriteChunk(chunk tranship.Chunk) error {
	w.upload.mu.Lock()
	defer w.upload.mu.Unlock()
	length := int64(chunk.Len())
	if err := w.checkLocked(length); err != nil {
		chunk.Release()
		return err
	}
	p := w.part
	p.chunks = append(p.chunks, chunk)
	for _, piece := range chunk.Pieces {
		if len(piece) > 0 {
			p.pieces = append(p.pieces, piece[:len(piece):len(piece)])
		}
	}
	p.crc = tranship.CombineCRC32C(p.crc, chunk.CRC32C, length)
	p.length += length
	return nil
}

func (w *writer) Close() error {
	w.once.Do(w.finish)
	return w.err
}

// finish closes the writer.
func (w *writer) finish() {
	if w.err = w.close(); w.err == nil && w.keeps && w.upload.store.keep(w.upload) {
		w.upload.spill()
	}
}

// endedLocked returns an error if the writer has ended, or its context has. The part is missing
// then.
func (w *writer) endedLocked() error {
	if w.part.ended != nil {
		return w.part.ended
	}
	err := w.ctx.Err()
	if err != nil {
		w.part.ended = err
		w.dropLocked()
	}
	return err
}

// dropLocked gives the memory of the part back, and makes the upload forget it.
func (w *writer) dropLocked() {
	w.part.free()
	if w.upload.parts[w.n] == w.part {
		delete(w.upload.parts, w.n)
	}
}

func (w *writer) close() error {
	u, p := w.upload, w.part
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := w.endedLocked(); err != nil {
		return err
	}
	p.closed = true
	switch whole := p.length == w.most; {
	case u.small && whole:
		w.keeps = p.length > 0
	case p.length > 0 && (whole || u.spec.Size == nil):
		u.send(w.n, p)
	default:
		p.free() // it can only be written again
	}
	return nil
}
