package quota

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// upload is one epoch of an upload.
type upload struct {
	tranship.Upload
	store       *Store
	reservation *reservation
	// terms are the limits that apply to it.
	terms terms
	size  *int64
	epoch uint64
	// transient means that the store keeps nothing of an upload that is not committed.
	transient bool
	// closed is set once the epoch has ended.
	closed atomic.Bool
}

// Begin implements tranship.Writer. If the spec has no owner, the caller is the owner.
func (s *Store) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if spec.Owner == "" {
		spec.Owner = access.FromContext(ctx).Name
	}
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	if spec.Size != nil {
		if err := s.admitSize(s.terms(ctx), spec.Path, *spec.Size); err != nil {
			return nil, err
		}
	}
	inner := ctx
	if s.keeper != nil {
		inner = tranship.NewAccountContext(ctx, caller(ctx)) // Commit has it too
	}
	// Only the store knows whether this resumes an upload that has a reservation already.
	begun, err := s.Store.Begin(inner, spec)
	if err != nil {
		return nil, err
	}
	u := &upload{Upload: begun, store: s, terms: s.terms(ctx), size: spec.Size, epoch: begun.Epoch(), transient: spec.Transient}
	if done, ok := tranship.As[tranship.CommittedUpload](begun); ok && done.Committed() {
		u.reservation, err = s.recall(ctx, spec, u.epoch)
		if err != nil {
			_ = begun.Detach(context.WithoutCancel(ctx)) // nothing has to be undone
			return nil, err
		}
		return u, nil
	}
	if s.shared != nil && spec.ResumeKey != "" {
		return s.beginShared(ctx, spec, u)
	}
	if u.reservation = s.ledger.resume(begun.ID(), caller(ctx), u.terms, u.epoch); u.reservation != nil {
		return u, nil
	}
	u.reservation, err = s.reserve(ctx, spec)
	switch {
	case err == nil:
		u.reservation = s.ledger.register(begun.ID(), u.epoch, u.reservation)
		return u, nil
	case u.epoch > 1:
		// The upload existed before and keeps its data, which counts regardless of the
		// limits.
		s.ledger.adopt(begun.ID(), s.fullReservation(caller(ctx), spec.Path, *spec.Size))
		_ = begun.Detach(context.WithoutCancel(ctx))
	default:
		// If the store cannot remove the upload now, it does so when the upload expires.
		_ = begun.Abort(context.WithoutCancel(ctx))
	}
	return nil, err
}

// recall returns the reservation for an upload that was committed before. It stores
// nothing, and counts only as an upload.
func (s *Store) recall(ctx context.Context, spec tranship.Spec, epoch uint64) (*reservation, error) {
	r := s.reservation(ctx, spec.Path)
	r.epoch, r.open, r.recalled = epoch, 1, true
	return r, s.admit(ctx, r.account, func() error { return s.ledger.begin(r) })
}

// reserve reserves what an upload needs.
func (s *Store) reserve(ctx context.Context, spec tranship.Spec) (*reservation, error) {
	r := s.reservation(ctx, spec.Path)
	r.resumable = spec.ResumeKey != ""
	old, err := s.accountAt(ctx, spec.Path)
	if err != nil {
		return nil, err
	}
	err = s.admit(ctx, r.account, func() error { return s.ledger.begin(r) })
	if err == nil && s.keeper != nil {
		size := int64(0) // for an unknown size
		if spec.Size != nil {
			size = *spec.Size
		}
		err = s.admit(ctx, r.account, func() error { return s.ledger.admit(r, size, old) })
		if err == nil {
			err = s.checkDirectories(ctx, r)
		}
	}
	if err != nil {
		s.ledger.release(r)
		return nil, err
	}
	return r, nil
}

// checkDirectories fails early for a path that needs more new directories than the limit
// allows. They count when the store creates them, at the commit.
func (s *Store) checkDirectories(ctx context.Context, r *reservation) error {
	if s.ledger.limitsFor(r.terms).Files <= 0 || s.shared != nil {
		return nil
	}
	n, err := s.keeper.MissingDirectories(ctx, r.path)
	if err != nil || n == 0 {
		return err
	}
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	return s.ledger.checkDirectoriesLocked(r.account, r.path, n)
}

// fullReservation returns the reservation of an unfinished upload that exists already.
func (s *Store) fullReservation(name, path string, size int64) *reservation {
	r := &reservation{account: name, path: path, uploads: 1, resumable: true}
	if s.keeper != nil {
		r.bytes, r.files = size, 1
	}
	return r
}

// Part implements tranship.Upload.
func (u *upload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	part, err := u.Upload.Part(ctx, n)
	if err != nil || u.size != nil {
		return part, err
	}
	return &partWriter{PartWriter: part, ctx: ctx, upload: u, first: n, length: u.PartSize()}, nil
}

// PartRun implements tranship.PartRunner.
func (u *upload) PartRun(ctx context.Context, first, end int) (tranship.PartWriter, error) {
	runner, ok := tranship.As[tranship.PartRunner](u.Upload)
	if !ok {
		return nil, fmt.Errorf("%w: the upload takes parts one by one", tranship.ErrUnsupported)
	}
	run, err := runner.PartRun(ctx, first, end)
	if err != nil || u.size != nil {
		return run, err
	}
	return &partWriter{PartWriter: run, ctx: ctx, upload: u, first: first, length: int64(end-first) * u.PartSize()}, nil
}

// CopyPart implements tranship.Upload.
func (u *upload) CopyPart(ctx context.Context, n int, source string, options tranship.OpenOptions) error {
	if u.size != nil {
		return u.Upload.CopyPart(ctx, n, source, options)
	}
	if err := u.grow(ctx, n, 0, u.PartSize()); err != nil {
		return err
	}
	return u.Upload.CopyPart(ctx, n, source, options)
}

// grow extends the reservation of an upload of unknown size to the end of length more bytes
// in part n, of which written bytes were written before. The reservation covers everything
// up to that offset, holes included.
func (u *upload) grow(ctx context.Context, n int, written, length int64) error {
	if n < 0 || int64(n) > (1<<62)/u.PartSize() {
		return nil // the inner store returns the error
	}
	end := int64(n)*u.PartSize() + written + length
	if err := u.store.admitSize(u.terms, u.reservation.path, end); err != nil {
		return err
	}
	if u.store.keeper == nil {
		return nil
	}
	return u.store.admit(ctx, u.reservation.account, func() error { return u.store.ledger.extend(u.reservation, end) })
}

// Commit implements tranship.Upload.
func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	s, r := u.store, u.reservation
	if s.keeper == nil || r.recalled { // no file has to be counted
		file, err := u.Upload.Commit(ctx, commit)
		if err == nil {
			u.close(true)
		}
		return file, err
	}
	unlock, err := s.paths.Lock(ctx, r.path)
	if err != nil {
		return tranship.File{}, err
	}
	defer unlock()
	old, err := s.accountAt(ctx, r.path)
	if err != nil {
		return tranship.File{}, err
	}
	if r.inRecord {
		if err := s.takeReservation(ctx, u, old); err != nil {
			return tranship.File{}, err
		}
	} else if u.size != nil {
		// The file to be replaced may have been removed since the upload began.
		bytes, files := needed(r.account, *u.size, old)
		if err := s.admit(ctx, r.account, func() error { return s.ledger.raise(r, bytes, files) }); err != nil {
			return tranship.File{}, err
		}
	}
	s.ledger.expectCommit(r)
	file, err := u.Upload.Commit(tranship.NewAccountContext(ctx, r.account), commit)
	if err != nil {
		s.recount(ctx, r.path, old)
		if r.inRecord {
			s.returnReservation(ctx, u)
		}
		return tranship.File{}, err
	}
	now := tranship.AccountEntry{Path: r.path, Size: file.Size, Account: &r.account}
	if u.epoch > 1 {
		// A repeated commit has created no file, and the file may count for another
		// principal.
		if found, err := s.accountAt(context.WithoutCancel(ctx), r.path); err == nil {
			now = found
		}
	}
	s.ledger.commit(r, old, now)
	u.close(true)
	return file, nil
}

// Abort implements tranship.Upload.
func (u *upload) Abort(ctx context.Context) error {
	err := u.Upload.Abort(ctx)
	if err == nil || ctx.Err() == nil {
		u.close(true)
		u.store.forgetShared(ctx, u)
	}
	return err
}

// Detach implements tranship.Upload.
func (u *upload) Detach(ctx context.Context) error {
	err := u.Upload.Detach(ctx)
	if err == nil || ctx.Err() == nil {
		u.close(u.transient || !u.reservation.resumable)
		if u.transient {
			u.store.forgetShared(ctx, u)
		}
	}
	return err
}

// close ends the epoch, and the upload if ended is set. A second call has no effect.
func (u *upload) close(ended bool) {
	if u.closed.CompareAndSwap(false, true) {
		u.store.ledger.closeUpload(u.ID(), u.reservation, u.epoch, ended)
	}
}

// FindUpload implements tranship.UploadFinder.
func (s *Store) FindUpload(ctx context.Context, id string) (tranship.UploadInfo, error) {
	return tranship.FindUpload(ctx, s.Store, id)
}

// AbortUpload implements tranship.Uploads.
func (s *Store) AbortUpload(ctx context.Context, id string) error {
	var owner tranship.UploadInfo
	if s.shared != nil {
		var err error
		if owner, err = tranship.FindUpload(ctx, s.Store, id); err != nil {
			return err
		}
	}
	if err := s.Store.AbortUpload(ctx, id); err != nil {
		return err
	}
	s.ledger.abort(id)
	if s.shared != nil {
		s.shared.drop(ctx, nameOf(owner.Owner), id)
	}
	return nil
}
