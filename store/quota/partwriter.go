package quota

import (
	"context"

	"github.com/tranship/tranship"
)

// partWriter reserves space for an upload of unknown size before it writes.
type partWriter struct {
	tranship.PartWriter
	ctx    context.Context
	upload *upload
	// first is the number of its first part, length the capacity of all its parts in bytes.
	first           int
	length, written int64
}

// Write implements io.Writer.
func (w *partWriter) Write(data []byte) (int, error) {
	if err := w.reserve(int64(len(data))); err != nil {
		return 0, err
	}
	return w.PartWriter.Write(data)
}

// WriteChunk implements tranship.ChunkWriter.
func (w *partWriter) WriteChunk(data tranship.Chunk) error {
	if err := w.reserve(int64(data.Len())); err != nil {
		data.Release()
		return err
	}
	return tranship.WriteChunk(w.PartWriter, data)
}

// WriteZeros implements tranship.ZeroWriter. Zeros count like other bytes: a quota is about
// the sizes of files, whatever room they take.
func (w *partWriter) WriteZeros(n int64) error {
	if err := w.reserve(n); err != nil {
		return err
	}
	return tranship.WriteZeros(w.PartWriter, n)
}

func (w *partWriter) reserve(length int64) error {
	if length > w.length-w.written {
		return nil // the inner store refuses the write
	}
	if err := w.upload.grow(w.ctx, w.first, w.written, length); err != nil {
		return err
	}
	w.written += length
	return nil
}
