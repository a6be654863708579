package client

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// sendChunk is the number of bytes in one message. On a stream that is known to be fast,
// messages are as large as the protocol allows, because each message wakes several
// goroutines at both ends.
const sendChunk = 256 << 10

const (
	// fastRate is the least rate of a fast stream, in bytes a second: the largest message
	// then takes 32 ms.
	fastRate = 32 << 20
	// rateBytes is how many bytes a writer sends before it measures its rate: four windows
	// of a server, so that the free window at the start does not decide.
	rateBytes = 4 << 20
)

// busyChunk is the number of bytes in one message over gRPC to a busy server, which holds a
// message or two for each client. On a lane, a server writes a message while it arrives.
const busyChunk = 64 << 10

// partWriter writes one part, or consecutive parts in order, through its own slot. It does
// not wait for the server: an error about a chunk is returned by a later Write, or by Sync
// or Commit.
type partWriter struct {
	ctx    context.Context
	upload *upload
	slot   *slot
	// stream is nil once the writer has released it.
	stream *partStream
	// offset is the offset of the next byte, and end that of the end of the last part or
	// of the file.
	offset, end int64
	// fresh means that the parts were not durable and had no writer before, so that this
	// writer wrote any of them that the server reports as durable.
	fresh bool
	// isCopy means that the writer belongs to a CopyPart, which returns its failure itself.
	isCopy bool

	// mu is held while a message is sent, so that a newer writer can end this one only
	// between messages.
	mu         sync.Mutex
	closed     bool
	superseded bool
	// measuring is when the current measurement of the rate began; zero before the first
	// chunk. measured is how many bytes were sent since then.
	measuring time.Time
	measured  int64
	// finished means that the Finish of the slot was sent, so that the server will answer
	// it.
	finished atomic.Bool
}

// Write implements tranship.PartWriter.
func (w *partWriter) Write(p []byte) (written int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.checkWriteLocked(int64(len(p))); err != nil {
		return 0, err
	}
	for piece := range slices.Chunk(p, sendChunk) {
		piece = slices.Clone(piece) // transmit still uses it after sendLocked has returned
		if err := w.sendLocked(tranship.NewChunk([][]byte{piece}, tranship.CRC32C(piece), nil)); err != nil {
			return written, err
		}
		written += len(piece)
	}
	return written, nil
}

// WriteChunk implements tranship.ChunkWriter. Nothing is copied.
func (w *partWriter) WriteChunk(data tranship.Chunk) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.checkWriteLocked(int64(data.Len())); err != nil {
		data.Release()
		return err
	}
	most, piece := wire.MaxChunkBytes, sendChunk
	if w.upload.wantsSmallChunks() {
		most, piece = busyChunk, busyChunk
	}
	for data.Len() > most {
		var head tranship.Chunk
		head, data = data.Split(piece)
		if err := w.sendLocked(head); err != nil {
			data.Release()
			return err
		}
	}
	return w.sendLocked(data)
}

// WriteZeros implements tranship.ZeroWriter. A server that does not know runs of zeros gets
// zero bytes.
func (w *partWriter) WriteZeros(n int64) error {
	if !w.upload.client.takesZeros(w.ctx) {
		return tranship.WriteZeros(struct {
			tranship.ChunkWriter
			io.Writer
		}{w, w}, n)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.checkWriteLocked(n); err != nil {
		return err
	}
	for n > 0 {
		if err := w.checkReadyLocked(); err != nil {
			return err
		}
		length := min(n, w.upload.partSize-w.offset%w.upload.partSize) // the most that the server takes at once
		err := w.slot.stream.send(w.ctx, &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Zeros{
			Zeros: &transhipv1.Zeros{Slot: w.slot.id, Offset: new(w.offset), Length: length},
		}})
		if err != nil {
			return err
		}
		w.offset += length
		n -= length
	}
	return nil
}

// checkWriteLocked returns an error if length more bytes must not be written.
func (w *partWriter) checkWriteLocked(length int64) error {
	if length > w.end-w.offset {
		return &tranship.InvalidError{
			Field: "chunk.data", Rule: fmt.Sprintf("%d bytes at offset %d reach beyond the end of the part, %d", length, w.offset, w.end),
		}
	}
	if w.closed {
		return fmt.Errorf("%w: the writer is closed", tranship.ErrAborted)
	}
	return nil
}

// sendLocked sends a chunk, or releases it.
func (w *partWriter) sendLocked(data tranship.Chunk) error {
	if err := w.checkReadyLocked(); err != nil {
		data.Release()
		return err
	}
	if w.measuring.IsZero() {
		w.measuring = time.Now()
	}
	length := int64(data.Len())
	header := &transhipv1.Chunk{Slot: w.slot.id, Offset: new(w.offset), Crc32C: new(data.CRC32C)}
	err := w.slot.stream.sendChunk(w.ctx, header, data)
	if err == nil {
		w.offset += length
		w.noteSentLocked(length)
	}
	return err
}

// noteSentLocked records that n bytes were sent, and measures the rate of the stream.
func (w *partWriter) noteSentLocked(n int64) {
	if w.measured += n; w.measured < rateBytes {
		return
	}
	now := time.Now()
	w.upload.client.fastStream.Store(float64(w.measured) >= fastRate*now.Sub(w.measuring).Seconds())
	w.measured, w.measuring = 0, now
}

// checkReadyLocked returns an error if the server would no longer accept a chunk.
func (w *partWriter) checkReadyLocked() error {
	switch {
	case w.superseded:
		return errSuperseded
	case w.upload.hasEnded():
		return w.upload.errEnded()
	default:
		return w.slot.failure()
	}
}

// Close implements tranship.PartWriter.
func (w *partWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.superseded {
		return nil
	}
	w.closed = true
	defer w.releaseStreamLocked()
	if w.upload.hasEnded() {
		return w.upload.errEnded()
	}
	if err := w.slot.failure(); err != nil {
		return err
	}
	err := w.slot.stream.send(w.ctx, finishRequest(w.slot))
	w.finished.Store(err == nil)
	return err
}

// supersede ends the writer in favor of a newer one. When it returns without an error, the
// server has processed everything that the writer sent, so that none of it can arrive
// after the bytes of the newer writer.
func (w *partWriter) supersede(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.superseded = true
	defer w.releaseStreamLocked()
	if w.slot == nil {
		return nil
	}
	if !w.finished.Load() {
		if err := w.slot.cancel(ctx); err != nil {
			return err
		}
	}
	select {
	case <-w.slot.done:
		return w.slot.stream.failure()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// releaseStreamLocked gives up the writer's stream, for other writers.
func (w *partWriter) releaseStreamLocked() {
	if w.stream != nil {
		w.upload.releaseStream(w.stream)
		w.stream = nil
	}
}

// awaitDone waits until the server has written all bytes of the writer. If the Finish of a
// closed writer could not be sent, it cancels the writer's slot and waits for its end.
func (w *partWriter) awaitDone(ctx context.Context) error {
	w.mu.Lock()
	failed := w.closed && !w.finished.Load()
	w.mu.Unlock()
	if failed {
		return w.supersede(ctx)
	}
	return w.awaitDetached(ctx)
}

// awaitDetached waits until the server has written all bytes of the writer, and made them
// durable if the upload requires it. It does nothing for a writer that was not closed: the
// commit reports the missing bytes.
func (w *partWriter) awaitDetached(ctx context.Context) error {
	if !w.finished.Load() {
		return nil
	}
	err := w.slot.wait(ctx)
	if w.isCopy && w.slot.ended() {
		return w.slot.stream.failure() // CopyPart returns the error of the copy
	}
	return err
}

// errSuperseded is the error of a part's writer when a newer writer has begun the part.
var errSuperseded = fmt.Errorf("%w: a newer writer has begun this part", tranship.ErrAborted)

// overtaken returns errSuperseded if a newer writer has ended this one before it finished.
func (w *partWriter) overtaken() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.superseded && !w.finished.Load() {
		return errSuperseded
	}
	return nil
}
