package disk

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
)

// upload implements tranship.Upload: one hold on a session.
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

// ended tells whether the upload lost its session to a newer one, or to its end.
// The caller holds the gate.
func (u *upload) ended() error {
	switch {
	case u.owner == u:
		return u.parts.Failure()
	case u.session.epoch > u.epoch:
		return fmt.Errorf("%w: another copy of %s took over its upload", tranship.ErrAborted, u.path)
	default:
		return fmt.Errorf("%w: the upload of %s was ended", tranship.ErrAborted, u.path)
	}
}

// Part implements tranship.Upload. The context governs the writing, too.
func (u *upload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	w, err := u.parts.Part(ctx, int64(n), u.writable)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// writable is why no part may be written. The caller holds the gate.
func (u *upload) writable() error {
	if err := u.ended(); err != nil {
		return err
	}
	if u.committed != nil {
		return fmt.Errorf("%w: %s was committed", tranship.ErrAborted, u.path)
	}
	return nil
}

// admitWriter is writable for a caller that does not hold the gate.
func (u *upload) admitWriter() error {
	u.parts.Gate.RLock()
	defer u.parts.Gate.RUnlock()
	return u.writable()
}

// Durable implements tranship.Upload.
func (u *upload) Durable() []tranship.Range {
	u.parts.Gate.RLock()
	defer u.parts.Gate.RUnlock()
	if u.owner != u || u.parts.Failure() != nil {
		return nil
	}
	return u.durableRanges()
}

// Sync implements tranship.Upload.
func (u *upload) Sync(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u.parts.Gate.RLock()
	err := u.ended()
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
	// Who resumed the upload meanwhile may have given up what was to be synced.
	u.parts.Gate.RLock()
	defer u.parts.Gate.RUnlock()
	return u.ended()
}

// Commit implements tranship.Upload. When syncing has failed, it fails with that
// error for good, and the upload can only be aborted.
func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (_ tranship.File, err error) {
	defer u.store.explain(&err)
	u.parts.Gate.Lock()
	defer u.parts.Gate.Unlock()
	if err := u.ended(); err != nil {
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
		return u.commitAgain(ctx, commit)
	}
	return u.commit(ctx, commit)
}

// Abort implements tranship.Upload.
func (u *upload) Abort(ctx context.Context) error {
	u.parts.Gate.Lock()
	defer u.parts.Gate.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if u.owner == u {
		u.remove()
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
	if u.owner != u {
		return nil
	}
	return u.letGo()
}
