package quota

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// upload is one use of an upload.
type upload struct {
	tranship.Upload
	store *Store
	hold  *hold
	size  *int64
	epoch uint64
	// left tells that the use has ended.
	left atomic.Bool
}

// Begin implements tranship.Writer. An upload is its owner's, and its owner is who
// calls unless the spec says otherwise.
func (s *Store) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if spec.Owner == "" {
		spec.Owner = access.FromContext(ctx).Name
	}
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	if spec.Size != nil {
		if err := s.admitSize(spec.Path, *spec.Size); err != nil {
			return nil, err
		}
	}
	// Only the store knows whether this is an upload that has its reservation.
	begun, err := s.Store.Begin(ctx, spec)
	if err != nil {
		return nil, err
	}
	u := &upload{Upload: begun, store: s, size: spec.Size, epoch: begun.Epoch()}
	if done, ok := tranship.As[tranship.CommittedUpload](begun); ok && done.Committed() {
		u.hold, err = s.recall(ctx, spec, u.epoch)
		if err != nil {
			_ = begun.Detach(context.WithoutCancel(ctx)) // there is nothing to undo
			return nil, err
		}
		return u, nil
	}
	if u.hold = s.ledger.resume(begun.ID(), caller(ctx), u.epoch); u.hold != nil {
		return u, nil
	}
	u.hold, err = s.reserve(ctx, spec)
	switch {
	case err == nil:
		u.hold = s.ledger.enter(begun.ID(), u.epoch, u.hold)
		return u, nil
	case u.epoch > 1:
		// It was there before, and what it has stored stays: that counts, whatever the
		// limits.
		s.ledger.adopt(begun.ID(), s.fullHold(caller(ctx), spec.Path, *spec.Size))
		_ = begun.Detach(context.WithoutCancel(ctx))
	default:
		// What the store cannot remove now it does when the upload expires.
		_ = begun.Abort(context.WithoutCancel(ctx))
	}
	return nil, err
}

// recall is the hold of a commit that is remembered and opened again: an upload that
// stores nothing.
func (s *Store) recall(ctx context.Context, spec tranship.Spec, epoch uint64) (*hold, error) {
	h := &hold{account: caller(ctx), path: spec.Path, epoch: epoch, open: 1, recalled: true}
	return h, s.try(ctx, func() error { return s.ledger.begin(h) })
}

// reserve reserves what an upload needs.
func (s *Store) reserve(ctx context.Context, spec tranship.Spec) (*hold, error) {
	name := caller(ctx)
	h := &hold{account: name, path: spec.Path, resumable: spec.ResumeKey != ""}
	old, err := s.look(ctx, spec.Path)
	if err != nil {
		return nil, err
	}
	err = s.try(ctx, func() error { return s.ledger.begin(h) })
	if err == nil && s.keeper != nil {
		size := int64(0) // as long as it is not known
		if spec.Size != nil {
			size = *spec.Size
		}
		err = s.try(ctx, func() error { return s.ledger.admit(h, size, old) })
		if err == nil {
			err = s.admitDirectories(ctx, name, spec.Path)
		}
	}
	if err != nil {
		s.ledger.release(h)
		return nil, err
	}
	return h, nil
}

// admitDirectories fails early for a path that needs more directories than there may be.
// They count when the store makes them, with the commit.
func (s *Store) admitDirectories(ctx context.Context, name, path string) error {
	if s.options.Files <= 0 {
		return nil
	}
	n, err := s.keeper.MissingDirectories(ctx, path)
	if err != nil || n == 0 {
		return err
	}
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	return s.ledger.admitDirectories(name, path, n)
}

// fullHold is what an unfinished upload that is there already takes.
func (s *Store) fullHold(name, path string, size int64) *hold {
	h := &hold{account: name, path: path, uploads: 1, resumable: true}
	if s.keeper != nil {
		h.bytes, h.files = size, 1
	}
	return h
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

// grow reserves length bytes of part n, behind those that were written, for an upload of
// unknown size: it takes all up to there, holes included.
func (u *upload) grow(ctx context.Context, n int, written, length int64) error {
	if n < 0 || int64(n) > (1<<62)/u.PartSize() {
		return nil // the store says what is wrong
	}
	end := int64(n)*u.PartSize() + written + length
	if err := u.store.admitSize(u.hold.path, end); err != nil {
		return err
	}
	if u.store.keeper == nil {
		return nil
	}
	return u.store.try(ctx, func() error { return u.store.ledger.extend(u.hold, end) })
}

// partWriter reserves what is written to an upload of unknown size.
type partWriter struct {
	tranship.PartWriter
	ctx    context.Context
	upload *upload
	// first is its first part, length how many bytes all its parts can have.
	first           int
	length, written int64
}

// Write implements io.Writer.
func (w *partWriter) Write(data []byte) (int, error) {
	if err := w.reserve(len(data)); err != nil {
		return 0, err
	}
	return w.PartWriter.Write(data)
}

// WriteChunk implements tranship.ChunkWriter.
func (w *partWriter) WriteChunk(data tranship.Chunk) error {
	if err := w.reserve(data.Len()); err != nil {
		data.Release()
		return err
	}
	return tranship.WriteChunk(w.PartWriter, data)
}

func (w *partWriter) reserve(length int) error {
	if w.written+int64(length) > w.length {
		return nil // the store takes nothing of it
	}
	if err := w.upload.grow(w.ctx, w.first, w.written, int64(length)); err != nil {
		return err
	}
	w.written += int64(length)
	return nil
}

// Commit implements tranship.Upload.
func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	s, h := u.store, u.hold
	if s.keeper == nil || h.recalled { // nothing comes to count
		file, err := u.Upload.Commit(ctx, commit)
		if err == nil {
			u.leave(true)
		}
		return file, err
	}
	unlock, err := s.paths.Lock(ctx, h.path)
	if err != nil {
		return tranship.File{}, err
	}
	defer unlock()
	old, err := s.look(ctx, h.path)
	if err != nil {
		return tranship.File{}, err
	}
	if u.size != nil {
		// The file that was there when the upload began may have gone since.
		bytes, files := needed(h.account, *u.size, old)
		if err := s.try(ctx, func() error { return s.ledger.raise(h, bytes, files) }); err != nil {
			return tranship.File{}, err
		}
	}
	file, err := u.Upload.Commit(tranship.NewAccountContext(ctx, h.account), commit)
	if err != nil {
		s.recount(ctx, h.path, old)
		return tranship.File{}, err
	}
	now := tranship.AccountEntry{Path: h.path, Size: file.Size, Account: &h.account}
	if u.epoch > 1 {
		// A commit that was remembered has made no file, and its file may count
		// for somebody else.
		if found, err := s.look(context.WithoutCancel(ctx), h.path); err == nil {
			now = found
		}
	}
	s.ledger.settle(h, old, now)
	u.leave(true)
	return file, nil
}

// Abort implements tranship.Upload.
func (u *upload) Abort(ctx context.Context) error {
	err := u.Upload.Abort(ctx)
	if err == nil || ctx.Err() == nil {
		u.leave(true)
	}
	return err
}

// Detach implements tranship.Upload.
func (u *upload) Detach(ctx context.Context) error {
	err := u.Upload.Detach(ctx)
	if err == nil || ctx.Err() == nil {
		u.leave(!u.hold.resumable)
	}
	return err
}

// leave ends the use of the upload, and the upload if it is over.
func (u *upload) leave(over bool) {
	if u.left.CompareAndSwap(false, true) {
		u.store.ledger.leave(u.ID(), u.hold, u.epoch, over)
	}
}

// FindUpload implements tranship.UploadFinder.
func (s *Store) FindUpload(ctx context.Context, id string) (tranship.UploadInfo, error) {
	return tranship.FindUpload(ctx, s.Store, id)
}

// AbortUpload implements tranship.Uploads.
func (s *Store) AbortUpload(ctx context.Context, id string) error {
	if err := s.Store.AbortUpload(ctx, id); err != nil {
		return err
	}
	s.ledger.abort(id)
	return nil
}

// String is for logs.
func (u Usage) String() string {
	return fmt.Sprintf("%d bytes and %d files, %d bytes and %d files reserved for %d unfinished uploads", u.Bytes, u.Files, u.ReservedBytes, u.ReservedFiles, u.Uploads)
}
