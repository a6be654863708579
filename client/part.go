package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// Part implements tranship.Upload.
func (u *upload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	w, err := u.join(ctx, n, n+1)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	// An empty chunk opens the part on the server, even if nothing is ever written to it.
	return w, w.sendLocked(tranship.Chunk{})
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
	case u.wantsSmallChunks():
		return busyChunk
	case u.client.fastStream.Load():
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
	w.isCopy = true
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
		return overtaken // not the error of the slot, which was cancelled for the newer writer
	}
	return err
}

// join begins a writer of the parts from first up to, but not including, next. It ends
// older writers of these parts.
func (u *upload) join(ctx context.Context, first, next int) (*partWriter, error) {
	start, _, err := u.partBounds(first)
	if err != nil {
		return nil, err
	}
	_, end, err := u.partBounds(next - 1)
	if err != nil {
		return nil, err
	}
	u.collectFinished()
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
	chosen, joined, err := u.openWriter(ctx)
	if err != nil {
		return nil, err
	}
	w.stream, w.slot = chosen, joined
	return w, nil
}

// collectFinished records what closed writers have made durable, and forgets these writers.
// It keeps a writer that failed, because Commit returns its error, unless CopyPart has
// returned it.
func (u *upload) collectFinished() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for n, w := range u.writers {
		if w.finished.Load() && w.slot.ended() && (w.slot.err == nil || w.isCopy) {
			u.noteDurableLocked(w.slot.durable, func(m int) bool { return m == n })
			delete(u.writers, n)
		}
	}
}

// partBounds returns the offset of a part's first byte, and of the byte after its last.
func (u *upload) partBounds(n int) (start, end int64, err error) {
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
