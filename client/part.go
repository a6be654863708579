package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// sendChunk is how many bytes go into one message, unless it is known that a stream is
// fast: then as many as the protocol allows, for each message wakes a handful of
// goroutines at both ends.
const sendChunk = 256 << 10

// crowdedChunk is the same for a server that has many to serve: it holds a message or two
// for each.
const crowdedChunk = 64 << 10

// partWriter writes one part, or several in their order, through a slot of its own. It does not wait for the
// server: what the server has against a chunk comes with a later Write, or with Sync
// or Commit.
type partWriter struct {
	ctx    context.Context
	upload *upload
	slot   *slot
	// stream is nil once the writer has left it.
	stream *partStream
	// offset is where the next byte goes, end where the last part or the file ends.
	offset, end int64
	// fresh: nothing of these parts was there before, so that what is said to be
	// durable of them is this writer's.
	fresh bool
	// copies: the writer is that of a CopyPart, which tells of its failure itself.
	copies bool

	// mu is held while a message is sent, so that a newer writer ends this one
	// between messages.
	mu         sync.Mutex
	closed     bool
	superseded bool
	// finished: the server has been told that the writer is closed, and slot will
	// have its answer.
	finished atomic.Bool
}

// Part implements tranship.Upload.
func (u *upload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	w, err := u.join(ctx, n, n+1)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	// Opens the part on the server, also if nothing is ever written to it.
	return w, w.send(tranship.Chunk{})
}

// PartRun implements tranship.PartRunner.
func (u *upload) PartRun(ctx context.Context, first, end int) (tranship.PartWriter, error) {
	w, err := u.join(ctx, first, end)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// ChunkBytes implements tranship.ChunkSizeHinter.
func (u *upload) ChunkBytes() int {
	switch {
	case u.crowded():
		return crowdedChunk
	case u.client.pace.fast():
		return wire.MaxChunkBytes
	default:
		return sendChunk
	}
}

// CopyPart implements tranship.Upload. It waits for the copy.
func (u *upload) CopyPart(ctx context.Context, n int, source string, options tranship.OpenOptions) error {
	if err := tranship.ValidatePath(source); err != nil {
		return err
	}
	if err := validateText("version", options.Version); err != nil {
		return err
	}
	w, err := u.join(ctx, n, n+1)
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.copies = true
	err = w.slot.stream.send(ctx, &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_CopyPart{CopyPart: &transhipv1.CopyPart{
		Slot: w.slot.id, Offset: w.offset,
		SourcePath: source, SourceVersion: options.Version, SourceOffset: options.Offset,
	}}})
	w.mu.Unlock()
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	err = w.slot.wait(ctx)
	if ctx.Err() != nil {
		return err
	}
	if overtaken := w.overtaken(); overtaken != nil {
		return overtaken // and not that its slot was given up for that
	}
	return err
}

// overtaken is why a copy that a newer writer has ended counts for nothing.
func (w *partWriter) overtaken() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.superseded && !w.finished.Load() {
		return errSuperseded
	}
	return nil
}

// errSuperseded is what the writer of a part gets that a newer writer has begun.
var errSuperseded = fmt.Errorf("%w: a newer writer has begun this part", tranship.ErrAborted)

// join begins a writer of the parts from first up to next, and ends older ones.
func (u *upload) join(ctx context.Context, first, next int) (*partWriter, error) {
	start, _, err := u.bounds(first)
	if err != nil {
		return nil, err
	}
	_, end, err := u.bounds(next - 1)
	if err != nil {
		return nil, err
	}
	u.absorb()
	u.mu.Lock()
	if u.state != uploadOpen {
		u.mu.Unlock()
		return nil, u.errEnded()
	}
	w := &partWriter{ctx: ctx, upload: u, offset: start, end: end, fresh: true}
	w.mu.Lock()
	defer w.mu.Unlock()
	older := map[*partWriter]struct{}{}
	for n := first; n < next; n++ {
		if before := u.writers[n]; before != nil {
			older[before] = struct{}{}
		}
		if _, durable := u.durable[n]; durable {
			w.fresh = false
		}
		u.writers[n] = w
		delete(u.durable, n)
	}
	w.fresh = w.fresh && len(older) == 0
	u.mu.Unlock()

	for before := range older {
		if err := before.supersede(ctx); err != nil {
			return nil, err
		}
	}
	chosen, stream, err := u.enterStream(ctx)
	if err != nil {
		return nil, err
	}
	if w.slot, err = u.openJoined(ctx, stream); err != nil {
		u.leaveStream(chosen)
		return nil, err
	}
	w.stream = chosen
	return w, nil
}

// absorb takes in the answers to writers that have been closed, and forgets the
// writers. One that failed stays, because Commit tells of it, unless CopyPart has.
func (u *upload) absorb() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for n, w := range u.writers {
		if w.finished.Load() && w.slot.ended() && (w.slot.err == nil || w.copies) {
			u.noteDurable(w.slot.durable, func(m int) bool { return m == n })
			delete(u.writers, n)
		}
	}
}

// progressed takes in what the server says while writers are under way.
func (u *upload) progressed(progress *transhipv1.Progress) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.partSize > 0 {
		u.noteDurable(progress.GetNewlyDurable(), func(n int) bool { return u.writers[n] != nil && u.writers[n].fresh })
	}
}

// bounds are the first byte of a part and the byte after its last.
func (u *upload) bounds(n int) (start, end int64, err error) {
	const most = int64(1) << 62
	if n < 0 || int64(n) > most/u.partSize {
		return 0, 0, &tranship.InvalidError{Field: "part", Rule: fmt.Sprintf("there is no part %d", n)}
	}
	start = int64(n) * u.partSize
	end = start + u.partSize
	if size := u.spec.Size; size != nil {
		if start > 0 && start >= *size {
			return 0, 0, &tranship.InvalidError{Field: "part", Rule: fmt.Sprintf("part %d is beyond the size, %d", n, *size)}
		}
		end = min(end, *size)
	}
	return start, end, nil
}

// Write implements tranship.PartWriter.
func (w *partWriter) Write(p []byte) (written int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.admit(len(p)); err != nil {
		return 0, err
	}
	for piece := range slices.Chunk(p, sendChunk) {
		piece = slices.Clone(piece) // what is sent is kept for a while
		if err := w.send(tranship.NewChunk([][]byte{piece}, tranship.CRC32C(piece), nil)); err != nil {
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
	if err := w.admit(data.Len()); err != nil {
		data.Release()
		return err
	}
	most, piece := wire.MaxChunkBytes, sendChunk
	if w.upload.crowded() {
		most, piece = crowdedChunk, crowdedChunk
	}
	for data.Len() > most {
		var head tranship.Chunk
		head, data = data.Split(piece)
		if err := w.send(head); err != nil {
			data.Release()
			return err
		}
	}
	return w.send(data)
}

// admit tells whether length bytes may be written. The caller holds mu.
func (w *partWriter) admit(length int) error {
	if int64(length) > w.end-w.offset {
		return &tranship.InvalidError{
			Field: "chunk.data", Rule: fmt.Sprintf("%d bytes at offset %d reach beyond the end of the part, %d", length, w.offset, w.end),
		}
	}
	if w.closed {
		return fmt.Errorf("%w: the writer is closed", tranship.ErrAborted)
	}
	return nil
}

// send sends one chunk, which it takes. The caller holds mu.
func (w *partWriter) send(data tranship.Chunk) error {
	if err := w.ready(); err != nil {
		data.Release()
		return err
	}
	length := int64(data.Len())
	header := &transhipv1.Chunk{Slot: w.slot.id, Offset: new(w.offset), Crc32C: new(data.CRC32C)}
	err := w.slot.stream.sendChunk(w.ctx, header, data)
	if err == nil {
		w.offset += length
		w.upload.client.pace.moved(int(length), time.Now())
	}
	return err
}

// ready tells whether the server would still take something.
func (w *partWriter) ready() error {
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
	defer w.leaveStream()
	if w.upload.hasEnded() {
		return w.upload.errEnded()
	}
	if err := w.slot.failure(); err != nil {
		return err
	}
	err := w.slot.stream.send(w.ctx, finishOf(w.slot))
	w.finished.Store(err == nil)
	return err
}

// supersede ends the writer for a newer one. When it returns, the server has
// handled all that the writer sent, so that nothing of it can follow what the
// newer one sends.
func (w *partWriter) supersede(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.superseded = true
	defer w.leaveStream()
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

// leaveStream makes room for another writer. The caller holds mu.
func (w *partWriter) leaveStream() {
	if w.stream != nil {
		w.upload.leaveStream(w.stream)
		w.stream = nil
	}
}

// settle waits until the server has all that the writer wrote, or, if the writer could not
// be closed, has let go of the part that it was writing.
func (w *partWriter) settle(ctx context.Context) error {
	w.mu.Lock()
	failed := w.closed && !w.finished.Load()
	w.mu.Unlock()
	if failed {
		return w.supersede(ctx)
	}
	return w.detached(ctx)
}

// detached waits until the server has written all of the writer's bytes, and made
// them durable if they are to be. For a writer that was not closed it does nothing:
// what is missing, the commit will tell.
func (w *partWriter) detached(ctx context.Context) error {
	if !w.finished.Load() {
		return nil
	}
	err := w.slot.wait(ctx)
	if w.copies && w.slot.ended() {
		return w.slot.stream.failure() // of the copy, CopyPart tells
	}
	return err
}
