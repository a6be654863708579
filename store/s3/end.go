package s3

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tranship/tranship"
)

// committedError is the error for a part of an upload that was committed before.
func (u *upload) committedError() error {
	return fmt.Errorf("%w: the upload of %s was committed", tranship.ErrAborted, u.spec.Path)
}

// close ends the upload, stops its requests, and lets the store forget it. It reports whether
// the upload had not ended before.
func (u *upload) close(why error) bool {
	ended := u.end(why)
	u.cancel(why)
	u.store.forget(u)
	return ended
}

// endCurrent ends the upload of this process that has a session, waits for its parts, and makes them
// durable. If that changes the session, it returns errSwapped. The caller must hold the changing of
// that upload.
func (s *Store) endCurrent(ctx context.Context, hash, path string) error {
	older := s.currentUpload(hash)
	if older == nil {
		return nil
	}
	older.endAfterParts(fmt.Errorf("%w: another copy of %s took over its upload", tranship.ErrAborted, path))
	if err := older.wait(ctx); err != nil {
		return err
	}
	older.cancel(nil)
	s.forget(older)
	if older.guest || older.Committed() || older.isNoted() {
		return nil
	}
	if err := older.swap(ctx, older.note); err != nil && !errors.Is(err, tranship.ErrAborted) {
		return err
	}
	return errSwapped
}

// endAfterParts is end, but the parts whose writers were closed are sent nevertheless.
func (u *upload) endAfterParts(why error) bool {
	u.mu.Lock()
	u.sends = true
	u.mu.Unlock()
	return u.end(why)
}

// Abort implements tranship.Upload.
func (u *upload) Abort(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if u.guest {
		return u.leave(ctx)
	}
	if err := u.changing.Acquire(ctx, 1); err != nil {
		return err
	}
	defer u.changing.Release(1)
	if !u.close(fmt.Errorf("%w: the upload of %s was aborted", tranship.ErrAborted, u.spec.Path)) {
		return nil
	}
	if err := u.wait(ctx); err != nil {
		return err
	}
	if !u.resumable() {
		if u.multipart != "" {
			u.store.abortMultipart(ctx, u.spec.Path, u.multipart)
		}
		return nil
	}
	if u.committed != nil {
		return u.store.removeSession(ctx, u.session)
	}
	err := u.swap(ctx, func(x *session) { x.State = stateAborted })
	if errors.Is(err, tranship.ErrAborted) {
		return nil // another server has the upload
	}
	if err != nil {
		return err
	}
	return u.store.removeAborted(ctx, u.session)
}

// Detach implements tranship.Upload.
func (u *upload) Detach(ctx context.Context) error {
	if u.guest {
		return u.Abort(ctx)
	}
	if !u.resumable() || u.spec.Transient && u.committed == nil {
		return u.Abort(ctx)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := u.changing.Acquire(ctx, 1); err != nil {
		return err
	}
	defer u.changing.Release(1)
	if !u.endAfterParts(fmt.Errorf("%w: the upload of %s was ended", tranship.ErrAborted, u.spec.Path)) {
		return nil
	}
	if err := u.wait(ctx); err != nil {
		return err
	}
	u.cancel(nil)
	u.store.forget(u)
	return u.detached(ctx)
}

// detached lets other servers know that the epoch has ended, and what it has written.
func (u *upload) detached(ctx context.Context) error {
	if u.committed != nil {
		return nil
	}
	err := u.swap(ctx, func(x *session) {
		x.Detached = true
		u.note(x)
	})
	if errors.Is(err, tranship.ErrAborted) {
		return nil // another server has the upload
	}
	return err
}

// leave ends an upload that has joined.
func (u *upload) leave(ctx context.Context) error {
	u.end(fmt.Errorf("%w: the upload of %s was left", tranship.ErrAborted, u.spec.Path))
	u.cancel(nil)
	u.store.forget(u)
	return u.wait(ctx)
}

// copyAll copies all bytes.
func copyAll(to io.Writer, from io.Reader) error {
	_, err := io.Copy(struct{ io.Writer }{to}, from)
	return err
}

// discard ends a writer whose part must not be kept.
func (w *writer) discard() {
	u := w.upload
	u.mu.Lock()
	defer u.mu.Unlock()
	w.part.drop(fmt.Errorf("%w: part %d of %s could not be copied", tranship.ErrAborted, w.n, u.spec.Path))
	if u.parts[w.n] == w.part {
		delete(u.parts, w.n)
	}
}

// arrived waits until the engine has a part that was closed.
func (w *writer) arrived(ctx context.Context) error {
	u, p := w.upload, w.part
	u.mu.Lock()
	done := p.done
	u.mu.Unlock()
	if done != nil {
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.ended != nil:
		return u.ended
	case p.replaced != nil:
		return p.replaced
	}
	return p.err
}
