// Package sequential connects streams, whose bytes come in order, with uploads, which
// consist of parts. Writer writes a stream into an upload; NewUpload makes an upload from
// a stream.
package sequential

import (
	"context"
	"time"

	"github.com/tranship/tranship"
)

// abortTime bounds how long Abort waits for the store.
const abortTime = 30 * time.Second

// Writer writes a file into an upload from its first byte, part after part. It buffers
// nothing. It is not safe for concurrent use.
type Writer struct {
	ctx    context.Context
	upload tranship.Upload
	part   tranship.PartWriter // nil between parts
	space  int64               // how many bytes still fit into part
	next   int                 // the number of the next part
	size   int64
	crc    uint32
	err    error
}

// NewWriter returns a writer into an upload that has no parts yet. The context governs
// all methods of the writer except Abort. The caller must end the upload with a
// successful Commit, with Abort, or directly.
func NewWriter(ctx context.Context, upload tranship.Upload) *Writer {
	return &Writer{ctx: ctx, upload: upload}
}

// Size returns the number of bytes written.
func (w *Writer) Size() int64 { return w.size }

// CRC32C returns the checksum of the bytes written.
func (w *Writer) CRC32C() uint32 { return w.crc }

// Write appends data and does not retain it. After an error, every later Write and Commit
// fails with the same error.
func (w *Writer) Write(data []byte) (int, error) {
	written := 0
	for w.err == nil && written < len(data) {
		if w.err = w.open(); w.err != nil {
			break
		}
		piece := data[written:min(int64(len(data)), int64(written)+w.space)]
		var n int
		n, w.err = w.part.Write(piece)
		written += n
		w.wrote(int64(n), tranship.CRC32C(piece[:n]))
	}
	return written, w.err
}

// WriteChunk implements tranship.ChunkWriter. Like Write, it does not begin a part for an
// empty chunk.
func (w *Writer) WriteChunk(data tranship.Chunk) error {
	length := int64(data.Len())
	for w.err == nil && length > 0 {
		if w.err = w.open(); w.err != nil {
			break
		}
		if length <= w.space {
			w.writePart(data, length)
			return w.err
		}
		var head tranship.Chunk
		head, data = data.Split(int(w.space))
		length -= w.space
		w.writePart(head, w.space)
	}
	data.Release()
	return w.err
}

// writePart writes a chunk that fits into the current part.
func (w *Writer) writePart(data tranship.Chunk, length int64) {
	crc := data.CRC32C
	if w.err = tranship.WriteChunk(w.part, data); w.err == nil {
		w.wrote(length, crc)
	}
}

// open begins the next part if no part is open.
func (w *Writer) open() error {
	if w.part != nil {
		return nil
	}
	part, err := w.upload.Part(w.ctx, w.next)
	if err != nil {
		return err
	}
	w.part, w.space = part, w.upload.PartSize()
	w.next++
	return nil
}

// wrote counts length bytes of the current part, and closes the part if it is full.
func (w *Writer) wrote(length int64, crc uint32) {
	w.crc = tranship.CombineCRC32C(w.crc, crc, length)
	w.size += length
	w.space -= length
	if w.err == nil && w.space == 0 {
		w.err = w.closePart()
	}
}

func (w *Writer) closePart() error {
	if w.part == nil {
		return nil
	}
	part := w.part
	w.part = nil
	return part.Close()
}

// Close ends the last part, for a caller that commits the upload itself.
func (w *Writer) Close() error {
	if w.err == nil {
		w.err = w.closePart()
	}
	return w.err
}

// Commit commits the upload with the bytes written as the whole file.
func (w *Writer) Commit() (tranship.File, error) {
	if err := w.Close(); err != nil {
		return tranship.File{}, err
	}
	return w.upload.Commit(w.ctx, tranship.Commit{Size: w.size, CRC32C: new(w.crc)})
}

// Abort removes the upload, even when the writer's context has ended. After a successful
// Commit it does nothing.
func (w *Writer) Abort() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), abortTime)
	defer cancel()
	if w.part != nil {
		// The upload is removed, so that an error of its part does not matter.
		_ = w.closePart()
	}
	return w.upload.Abort(ctx)
}
