package encrypt

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
)

// partWriter buffers plain bytes, and writes them record by record.
type partWriter struct {
	ctx    context.Context
	inner  tranship.PartWriter
	upload *upload
	part   *part
	// space is how many plain bytes the part can still take.
	space int64
	// index is the number of the next record, and plain has its bytes so far.
	index int64
	plain []byte
	// sealed is the buffer for the encrypted record.
	sealed []byte
	err    error
	closed bool
}

// Write implements tranship.PartWriter.
func (w *partWriter) Write(data []byte) (written int, err error) {
	switch {
	case int64(len(data)) > w.space:
		return 0, &tranship.InvalidError{Field: "data", Rule: "the bytes must not reach beyond the end of the part or the file"}
	case w.closed:
		return 0, fmt.Errorf("%w: the writer is closed", tranship.ErrAborted)
	case w.err == nil:
		w.err = w.ctx.Err() // a Write that only fills the buffer must report it too
	}
	for w.err == nil && len(data) > 0 {
		n := min(len(data), plainBytes-len(w.plain))
		w.plain = append(w.plain, data[:n]...)
		w.count(data[:n])
		data = data[n:]
		written += n
		if len(w.plain) == plainBytes {
			w.err = w.flush()
		}
	}
	return written, w.err
}

// count updates the length and the checksum of the part for the commit.
func (w *partWriter) count(data []byte) {
	w.space -= int64(len(data))
	w.upload.mu.Lock()
	defer w.upload.mu.Unlock()
	w.part.length += int64(len(data))
	w.part.crc = tranship.UpdateCRC32C(w.part.crc, data)
}

// flush writes the buffered bytes as a record.
func (w *partWriter) flush() error {
	w.sealed = w.upload.sealer.seal(w.sealed[:0], w.index, w.plain)
	w.index, w.plain = w.index+1, w.plain[:0]
	_, err := w.inner.Write(w.sealed)
	return err
}

// Close implements tranship.PartWriter.
func (w *partWriter) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	if w.err == nil && len(w.plain) > 0 {
		w.err = w.flush()
	}
	if err := w.inner.Close(); w.err == nil {
		w.err = err
	}
	if w.err != nil { // the part is missing
		w.upload.mu.Lock()
		defer w.upload.mu.Unlock()
		*w.part = part{}
	}
	return w.err
}
