package disk

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
)

// upload implements tranship.Upload. It is one epoch of a session.
type upload struct {
	*session
	epoch uint64
}

// ID implements tranship.Upload.
func (u *upload) ID() string { return u.id }

// Epoch implements tranship.Upload.
func (u *upload) Epoch() uint64 { return u.epoch }

// PartSize implements tranship.Upload.
func (u *upload) PartSize() int64 { return u.parts.PartSize() }

// Committed implements tranship.CommittedUpload.
func (u *upload) Committed() bool {
	u.parts.Gate.RLock()
	defer u.parts.Gate.RUnlock()
	return u.committed != nil
}

// endedLocked fails if a newer epoch has taken over the session, or it has ended.
func (u *upload) endedLocked() error {
	switch {
	case u.current == u:
		return u.parts.Failure()
	case u.session.epoch > u.epoch:
		return fmt.Errorf("%w: another copy of %s took over its upload", tranship.ErrAborted, u.path)
	default:
		return fmt.Errorf("%w: the upload of %s was ended", tranship.ErrAborted, u.path)
	}
}

// Part implements tranship.Upload. The end of the context also ends writes.
func (u *upload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	w, err := u.parts.Part(ctx, int64(n), u.writableLocked)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// writableLocked fails if no part may be written.
func (u *upload) writableLocked() error {
	if err := u.endedLocked(); err != nil {
		return err
	}
	if u.committed != nil {
		return fmt.Errorf("%w: %s was committed", tranship.ErrAborted, u.path)
	}
	return nil
}

// admitWriter is writableLocked for a caller without the lock.
func (u *upload) admitWriter() error {
	u.parts.Gate.RLock()
	defer u.parts.Gate.RUnlock()
	return u.writableLocked()
}

// Durable implements tranship.Upload.
func (u *upload) Durable() []tranship.Range {
	u.parts.Gate.RLock()
	defer u.parts.Gate.RUnlock()
	if u.current != u || u.parts.Failure() != nil {
		return nil
	}
	return u.durableRangesLocked()
}

// Sync implements tranship.Upload.
func (u *upload) Sync(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u.parts.Gate.RLock()
	err := u.endedLocked()
	nothing := !u.resumable() || u.committed != nil
	u.parts.Gate.RUnlock()
	if err != nil || nothing {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- u.parts.Sync() }()
	select {
	case err := <-done:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	// A concurrent Begin that resumed the upload may have dropped parts before their sync.
	u.parts.Gate.RLock()
	defer u.parts.Gate.RUnlock()
	return u.endedLocked()
}

// Commit implements tranship.Upload. If a sync has failed, all later commits fail with its
// error, and the upload can only be aborted.
func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (_ tranship.File, err error) {
	defer u.store.explain(&err)
	u.parts.Gate.Lock()
	defer u.parts.Gate.Unlock()
	if err := u.endedLocked(); err != nil {
		return tranship.File{}, err
	}
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	if commit.Size < 0 || u.declared != nil && *u.declared != commit.Size {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "the size must be the one that the upload was begun with"}
	}
	if err := u.store.admitAttributes(commit.Attributes); err != nil {
		return tranship.File{}, err
	}
	if u.committed != nil {
		return u.recommitLocked(ctx, commit)
	}
	return u.commitLocked(ctx, commit)
}

// Abort implements tranship.Upload.
func (u *upload) Abort(ctx context.Context) error {
	u.parts.Gate.Lock()
	defer u.parts.Gate.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if u.current == u {
		u.removeLocked()
	}
	return nil
}

// Detach implements tranship.Upload.
func (u *upload) Detach(ctx context.Context) error {
	if !u.resumable() {
		return u.Abort(ctx)
	}
	u.parts.Gate.Lock()
	defer u.parts.Gate.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if u.current != u {
		return nil
	}
	return u.detachLocked()
}
