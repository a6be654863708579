package mem

import (
	"context"
	"fmt"
	"time"

	"github.com/tranship/tranship"
)

var (
	_ tranship.TailKeeper = (*upload)(nil)
	_ tranship.TailWriter = (*writer)(nil)
)

// tail is the beginning of a part whose rest has not come yet.
type tail struct {
	n    int
	data []byte
	crc  uint32
}

// dropTailLocked drops the tail of a part.
func (s *session) dropTailLocked(n int) {
	if s.tail != nil && s.tail.n == n {
		s.tail = nil
	}
}

// Tail implements tranship.TailKeeper.
func (u *upload) Tail() tranship.Range {
	u.store.mu.Lock()
	defer u.store.mu.Unlock()
	kept := u.session.tail
	if kept == nil || u.endedLocked() != nil {
		return tranship.Range{}
	}
	return tranship.Range{Offset: int64(kept.n) * u.session.partSize, Length: int64(len(kept.data)), CRC32C: new(kept.crc)}
}

// ContinuePart implements tranship.TailKeeper.
func (u *upload) ContinuePart(ctx context.Context) (tranship.PartWriter, error) {
	u.store.mu.Lock()
	defer u.store.mu.Unlock()
	if err := u.endedLocked(); err != nil {
		return nil, err
	}
	kept := u.session.tail
	if kept == nil {
		return nil, fmt.Errorf("%w: the upload of %s has no tail", tranship.ErrNotFound, u.session.spec.Path)
	}
	most, err := u.partLocked(ctx, kept.n)
	if err != nil {
		return nil, err
	}
	// Writers append behind the tail, and never change its bytes.
	begun := &part{data: kept.data, crc: kept.crc}
	u.session.parts[kept.n] = begun
	return &writer{ctx: ctx, upload: u, n: kept.n, part: begun, most: most, continued: int64(len(kept.data))}, nil
}

// CloseTail implements tranship.TailWriter.
func (w *writer) CloseTail() error {
	w.upload.store.mu.Lock()
	defer w.upload.store.mu.Unlock()
	s := w.upload.session
	if w.closed || !s.resumable {
		return w.closeLocked()
	}
	if w.ctx.Err() == nil && w.endedLocked() == nil {
		if length := int64(len(w.part.data)); length < w.most && length > w.continued {
			s.tail = &tail{n: w.n, data: w.part.data, crc: w.part.crc}
			s.used = time.Now()
			w.continued = length
		}
		if int64(len(w.part.data)) < w.most {
			delete(s.parts, w.n)
			w.closed = true
			return nil
		}
	}
	return w.closeLocked()
}
