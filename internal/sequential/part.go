package sequential

import (
	"context"
	"math"

	"github.com/tranship/tranship"
)

// partWriter implements tranship.PartWriter for an upload's only part.
type partWriter struct {
	ctx    context.Context
	upload *upload
	stop   func() bool
	closed bool
}

func (w *partWriter) Write(data []byte) (int, error) {
	if err := w.admit(len(data)); err != nil {
		return 0, err
	}
	n, err := w.upload.sink.Write(data)
	return n, w.wrote(int64(n), tranship.CRC32C(data[:n]), err)
}

// WriteChunk implements tranship.ChunkWriter. It copies nothing if the sink implements
// that interface too.
func (w *partWriter) WriteChunk(data tranship.Chunk) error {
	length, crc := data.Len(), data.CRC32C
	if err := w.admit(length); err != nil {
		data.Release()
		return err
	}
	if err := tranship.WriteChunk(w.upload.sink, data); err != nil {
		return w.wrote(0, 0, err)
	}
	return w.wrote(int64(length), crc, nil)
}

// admit returns an error if length more bytes must not be written.
func (w *partWriter) admit(length int) error {
	u := w.upload
	u.mu.Lock()
	err, space := u.err, int64(math.MaxInt64)
	if u.size != nil {
		space = *u.size - u.written
	}
	u.mu.Unlock()
	switch {
	case err != nil:
		return err
	case w.closed:
		return &tranship.InvalidError{Field: "part", Rule: "a writer must not be used after it was closed"}
	case int64(length) > space:
		return &tranship.InvalidError{Field: "size", Rule: "there must be no more bytes than were declared"}
	}
	return nil
}

// wrote counts length bytes with the checksum crc. A non-nil err, which means that not
// all bytes were written, ends the upload. wrote returns the error of the upload.
func (w *partWriter) wrote(length int64, crc uint32, err error) error {
	u := w.upload
	u.mu.Lock()
	u.written += length
	u.crc = tranship.CombineCRC32C(u.crc, crc, length)
	u.mu.Unlock()
	if err != nil && w.ctx.Err() != nil {
		err = w.ctx.Err()
	}
	if err != nil {
		u.fail(err)
	}
	return err
}

// Close ends the part.
func (w *partWriter) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	w.stop()
	u := w.upload
	u.mu.Lock()
	defer u.mu.Unlock()
	u.writing = false
	return nil
}
