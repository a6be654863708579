package s3

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// tail is what a session knows of the beginning of a part. It is replaced, and never changed. Its
// newest bytes are an object of their own, whose name is that of the tail, and no other tail has it. So
// a server that has lost the upload cannot bring back an older tail: it can store an object, and no
// session names it.
type tail struct {
	Name   string `json:"name"`
	Part   int    `json:"part"`
	Length int64  `json:"length"`
	CRC    uint32 `json:"crc"`
	// Before are the objects with the bytes before the newest ones, in order. They were stored for
	// earlier tails, which this one continues.
	Before []tailObject `json:"before,omitempty"`
}

var (
	_ tranship.TailKeeper = (*upload)(nil)
	_ tranship.TailWriter = (*writer)(nil)
)

// partLength returns the length of part n in bytes.
func (x *session) partLength(n int) int64 { return min(x.PartSize, x.Size-int64(n)*x.PartSize) }

// hasValidTail reports whether the session has no tail, or one that can be.
func (x *session) hasValidTail() bool {
	t := x.Tail
	return t == nil || t.isValid() && t.Part >= 0 && t.Part < maxParts && int64(t.Part) <= x.Size/x.PartSize &&
		t.Length < x.partLength(t.Part)
}

// Tail implements tranship.TailKeeper. If the upload has joined another one, or the other way
// round, it is the one that was known when the upload last asked for changes of the session.
func (u *upload) Tail() tranship.Range {
	u.mu.Lock()
	defer u.mu.Unlock()
	t := u.tailLocked()
	if t == nil {
		return tranship.Range{}
	}
	return tranship.Range{Offset: int64(t.Part) * u.partSize, Length: t.Length, CRC32C: new(t.CRC)}
}

// tailLocked returns the tail; nil if there is none. That of a part that was written since does not
// count, unless the engine could not get the part.
func (u *upload) tailLocked() *tail {
	if u.session == nil || u.ended != nil || u.committed != nil || u.session.Tail == nil || u.session.Tail.Name == u.lostTail {
		return nil
	}
	t := u.session.Tail
	if p := u.parts[t.Part]; p != nil && p.closed && p.err == nil && p.length == u.session.partLength(t.Part) {
		return nil
	}
	return t
}

// isTailWritten reports whether the engine has the whole part of the tail of a session. The upload
// must be locked.
func (u *upload) isTailWritten(x *session) bool {
	if x.Tail == nil {
		return false
	}
	p := u.parts[x.Tail.Part]
	return p != nil && p.etag != "" && x.Dropped[x.Tail.Part] != p.etag
}

// ContinuePart implements tranship.TailKeeper. It reads the tail into the memory of the part.
func (u *upload) ContinuePart(ctx context.Context) (tranship.PartWriter, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for {
		u.mu.Lock()
		ended, shared := u.ended, u.session != nil && u.session.Joined
		u.mu.Unlock()
		if ended != nil {
			return nil, ended
		}
		if shared {
			if err := u.refresh(ctx); err != nil {
				return nil, err
			}
		}
		u.mu.Lock()
		t := u.tailLocked()
		u.mu.Unlock()
		if t == nil {
			return nil, fmt.Errorf("%w: the upload of %s has no beginning of a part", tranship.ErrNotFound, u.spec.Path)
		}
		w, err := u.newWriter(ctx, t.Part, t)
		if err != nil {
			return nil, err
		}
		found, err := u.readTail(w, t)
		if found {
			return w, nil
		}
		w.discard()
		if err != nil {
			return nil, err
		}
		// It is gone, or another server has replaced it.
		u.mu.Lock()
		u.lostTail = t.Name
		u.mu.Unlock()
		if err := u.refresh(ctx); err != nil {
			return nil, err
		}
	}
}

// readTail reads a tail into the part of a new writer. It returns false if an object of it is missing.
// If the bytes are not those that were stored, the upload has lost its tail.
func (u *upload) readTail(w *writer, t *tail) (found bool, err error) {
	var crc uint32
	for round := 1; ; round++ {
		pieces, err := u.store.loadTail(w.ctx, t, w.most)
		if isMissing(err) {
			return false, w.ctx.Err()
		}
		crc = 0
		for _, piece := range pieces {
			crc = tranship.UpdateCRC32C(crc, piece)
		}
		if err == nil && crc == t.CRC {
			u.mu.Lock()
			defer u.mu.Unlock()
			if w.part.ended != nil {
				return false, w.part.ended
			}
			w.part.pieces, w.part.length, w.part.crc, w.continues = pieces, t.Length, crc, t
			return true, nil
		}
		if w.ctx.Err() != nil || err != nil && round == rounds {
			return false, translated(w.ctx, err, u.spec.Path)
		}
		if err == nil && round == rounds {
			break
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.lostTail = t.Name
	return false, failure.WrongChecksum(u.spec.Path, crc, t.CRC)
}

// CloseTail implements tranship.TailWriter.
func (w *writer) CloseTail() error {
	w.once.Do(func() {
		w.upload.mu.Lock()
		whole := w.part.length == w.most
		w.upload.mu.Unlock()
		if whole || !w.upload.resumable() {
			w.finish()
		} else {
			w.err = w.closeTail()
		}
	})
	return w.err
}

// closeTail stores the bytes of the writer as the tail of the upload.
func (w *writer) closeTail() error {
	u, p := w.upload, w.part
	u.mu.Lock()
	if err := w.endedLocked(); err != nil {
		u.mu.Unlock()
		return err
	}
	p.closed = true
	if w.continues != nil && p.length == w.continues.Length || p.length == 0 {
		w.dropLocked()
		u.mu.Unlock()
		return nil
	}
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	defer context.AfterFunc(u.ctx, cancel)()
	p.done, p.sending, p.cancel, p.tailing = make(chan struct{}), true, cancel, true
	t, first := w.nextTailLocked(sessionHash(u.spec) + rand.Text())
	data := piecesFrom(p.pieces, first)
	u.mu.Unlock()

	err := u.storeTail(ctx, t, data)
	u.mu.Lock()
	p.sending = false
	w.dropLocked()
	close(p.done)
	u.mu.Unlock()
	stored := err == nil
	if stored {
		err = u.setTail(ctx, p, t)
	}
	if err == nil {
		return nil
	}
	u.mu.Lock()
	if stored {
		u.lostTail = t.Name // the session may have it all the same
	}
	switch {
	case p.replaced != nil:
		err = p.replaced
	case u.ended != nil:
		err = u.ended
	}
	u.mu.Unlock()
	u.store.removeTailObject(ctx, t.Name)
	return err
}

// setTail makes a tail that was stored the one of the upload, unless its part has a newer writer, or
// the upload no longer has the tail that it continues.
func (u *upload) setTail(ctx context.Context, p *part, t *tail) error {
	if err := u.awaitFilled(ctx, t); err != nil {
		return err
	}
	if err := u.changing.Acquire(ctx, 1); err != nil {
		return err
	}
	defer u.changing.Release(1)
	u.mu.Lock()
	failed := u.ended
	if failed == nil {
		failed = p.replaced
	}
	u.mu.Unlock()
	if failed != nil {
		return failed
	}
	continues := false
	err := u.swap(ctx, func(x *session) {
		u.note(x) // it costs nothing more
		if continues = x.Tail.continuesIn(t); continues {
			x.Tail = t
		}
	})
	if err == nil && !continues {
		err = fmt.Errorf("%w: part %d of %s has a newer beginning", tranship.ErrAborted, t.Part, u.spec.Path)
	}
	return err
}
