package s3

import (
	"context"
	"errors"
	mathrand "math/rand/v2"
	"time"

	"github.com/tranship/tranship/internal/budget"
)

// swapPause is the longest pause before a session is changed again that another server has
// changed meanwhile.
const swapPause = 20 * time.Millisecond

// refresh takes over what other servers have changed in the session. It ends the upload if its
// epoch has ended.
func (u *upload) refresh(ctx context.Context) error {
	u.mu.Lock()
	ended := u.ended
	u.mu.Unlock()
	if ended != nil {
		return ended
	}
	return u.lookAgain(ctx)
}

// lookAgain is refresh, also after the upload has ended.
func (u *upload) lookAgain(ctx context.Context) error {
	u.mu.Lock()
	known := u.session
	u.mu.Unlock()
	_, nonce, err := u.store.headSession(ctx, known.hash())
	if err != nil || nonce == known.Nonce {
		return err
	}
	return u.reload(ctx)
}

// reload loads the session, and takes over what other servers have changed.
func (u *upload) reload(ctx context.Context) error {
	x, err := u.store.loadSession(ctx, sessionHash(u.spec))
	if err != nil {
		return err
	}
	if x == nil || x.ID != u.id || x.Epoch != u.epoch || !x.isUnfinished() || x.Detached || x.UploadID != u.multipart {
		err := u.overtaken()
		u.end(err)
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.adoptLocked(x)
	return nil
}

// adoptLocked takes over a newer state of the session, and the parts that other servers have
// written. The state may be one that the upload itself has just stored.
func (u *upload) adoptLocked(x *session) {
	known := u.session
	if x.Revision <= known.Revision {
		return
	}
	u.session = x
	if u.ended != nil {
		return
	}
	for n, etag := range x.Dropped {
		if known.Dropped[n] == etag {
			continue // the upload may have written the same bytes since
		}
		if p := u.parts[n]; p != nil && p.etag == etag && x.Noted[n].ETag != etag {
			delete(u.parts, n) // another server has begun it again
		}
	}
	for n, noted := range x.Noted {
		switch p := u.parts[n]; {
		case p != nil && p.etag == noted.ETag:
			p.noted = true
		case p != nil && (p.base == noted.ETag || p.older == noted.ETag):
		default:
			u.replaceLocked(n, &part{store: u.store, length: x.partLength(n), crc: noted.CRC, closed: true, etag: noted.ETag, noted: true})
		}
	}
}

// mayCount returns an error if another server has a newer writer of a part, or if the epoch has
// ended. A part that was sent would replace that of the newer writer.
func (u *upload) mayCount(ctx context.Context, p *part) error {
	if !u.resumable() {
		return nil
	}
	u.mu.Lock()
	ended, sends := u.ended, u.sends
	u.mu.Unlock()
	if ended != nil && !sends {
		return ended
	}
	if err := u.lookAgain(ctx); err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return p.replaced
}

// swap changes the session. It takes over what other servers have changed meanwhile, before it
// calls change again. It ends the upload if its epoch has ended. The caller must hold changing.
func (u *upload) swap(ctx context.Context, change func(*session)) error {
	for {
		u.mu.Lock()
		known := u.session
		u.mu.Unlock()
		next := known.clone()
		change(&next)
		u.mu.Lock()
		if next.Tail != nil && (u.isTailWritten(&next) || next.Tail.Name == u.lostTail) {
			next.Tail = nil
		}
		u.mu.Unlock()
		next.Used = now()
		swapped, err := u.store.swap(ctx, known, next)
		if err == nil {
			u.mu.Lock()
			defer u.mu.Unlock()
			u.session = swapped
			for n, noted := range swapped.Noted {
				if p := u.parts[n]; p != nil && p.etag == noted.ETag {
					p.noted = true
				}
			}
			return nil
		}
		if !errors.Is(err, errSwapped) {
			return err
		}
		if err := u.reload(ctx); err != nil {
			return err
		}
		if err := budget.Sleep(ctx, mathrand.N(swapPause)); err != nil { //nolint:gosec // guessing it gains nothing
			return err
		}
	}
}

// note sets in a session which parts the upload has made durable, as far as other servers do not
// see it otherwise.
func (u *upload) note(x *session) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for n, etag := range x.Dropped {
		if p := u.parts[n]; p != nil && p.etag == etag {
			delete(x.Dropped, n) // the same bytes were written again
		}
	}
	if u.store.features.listedChecksums && !x.Joined {
		return
	}
	for n, p := range u.parts {
		if p.etag == "" || p.noted {
			continue
		}
		if x.Noted == nil {
			x.Noted = make(map[int]notedPart)
		}
		x.Noted[n] = notedPart{ETag: p.etag, CRC: p.crc}
	}
}

// isNoted reports whether note has nothing to set, and the session no tail to be dropped.
func (u *upload) isNoted() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.isTailWritten(u.session) {
		return false
	}
	all := u.store.features.listedChecksums && !u.session.Joined
	for n, p := range u.parts {
		if p.etag != "" && (!p.noted && !all || u.session.Dropped[n] == p.etag) {
			return false
		}
	}
	return true
}

// share makes other servers see the parts that the upload has made durable. It checks that the
// epoch has not ended. The caller must hold changing.
func (u *upload) share(ctx context.Context) error {
	if err := u.refresh(ctx); err != nil || u.isNoted() {
		return err
	}
	return u.swap(ctx, u.note)
}
