package tus

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

// keepTime is how long it may take to keep what has come of a piece once its request has ended.
const keepTime = time.Minute

// session is an upload that a request has open, with its record.
type session struct {
	*entry
	upload tranship.Upload
	// done: this request has committed the upload.
	done bool
}

// open opens the upload with an id. The caller must call close.
func (s *Service) open(ctx context.Context, id string) (*session, error) {
	found, err := s.records.get(ctx, id)
	if err != nil {
		return nil, err
	}
	upload, err := s.store.Begin(ctx, found.spec(id, s.options.Durability))
	if err != nil {
		return nil, refused(err, found.MustNotExist)
	}
	opened := &session{entry: found, upload: upload}
	if upload.ID() != found.Upload { // the store had none, and has begun a new one
		if err := s.discard(ctx, opened); err != nil {
			return nil, err
		}
		return nil, gone()
	}
	return opened, nil
}

// refused returns the error of a Begin or Commit of an upload with its status.
func refused(err error, mustNotExist bool) error {
	if mustNotExist && errors.Is(err, tranship.ErrExists) {
		return httpadmission.WithStatus(err, http.StatusPreconditionFailed)
	}
	return err
}

// keeping returns a context for what has to be done although a request may have ended.
func keeping(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), keepTime)
}

// close ends a session, and keeps the upload. A failure costs nothing that was durable.
func (o *session) close(ctx context.Context) {
	ctx, cancel := keeping(ctx)
	defer cancel()
	_ = o.upload.Detach(ctx)
}

// discard removes an upload with its record.
func (s *Service) discard(ctx context.Context, o *session) error {
	ctx, cancel := keeping(ctx)
	defer cancel()
	if err := o.upload.Abort(ctx); err != nil {
		return errors.Join(err, s.records.remove(ctx, o.entry))
	}
	return s.forget(ctx, o.entry)
}

// forget removes the record of an upload that has ended.
func (s *Service) forget(ctx context.Context, ended *entry) error {
	ctx, cancel := keeping(ctx)
	defer cancel()
	s.endLinked(ctx, ended)
	return s.records.remove(ctx, ended)
}

// isCommitted reports whether the upload has become a file.
func (o *session) isCommitted() bool {
	committed, ok := tranship.As[tranship.CommittedUpload](o.upload)
	return o.done || ok && committed.Committed()
}

// offset returns how many bytes of the beginning of the file the upload has kept.
func (o *session) offset() int64 {
	if o.isCommitted() {
		return o.Size
	}
	end := int64(0)
	for _, have := range o.upload.Durable() {
		if have.Offset != end {
			break
		}
		end += have.Length
	}
	return end + o.tail(end)
}

// tail returns how many bytes of the part at an offset the upload has kept, if it is not whole.
func (o *session) tail(offset int64) int64 {
	keeper, ok := tranship.As[tranship.TailKeeper](o.upload)
	if !ok {
		return 0
	}
	tail := keeper.Tail()
	if tail.Length == 0 || tail.Offset != offset {
		return 0
	}
	return tail.Length
}

// commit makes an upload whose bytes have all come a file. It does nothing if that was done. If the
// upload can never become that file, it is removed.
func (s *Service) commit(ctx context.Context, o *session) error {
	if o.isCommitted() {
		return nil
	}
	_, err := o.upload.Commit(ctx, tranship.Commit{Size: o.Size})
	if err == nil {
		o.done = true
		s.endLinked(ctx, o.entry)
		return nil
	}
	if isFinal(err) {
		err = errors.Join(err, s.discard(ctx, o))
	}
	return refused(err, o.MustNotExist)
}

// isFinal reports whether a commit that has failed with err would fail again.
func isFinal(err error) bool {
	for _, kind := range []error{
		tranship.ErrPrecondition, tranship.ErrExists, tranship.ErrIntegrity, tranship.ErrDenied, tranship.ErrInvalid,
		tranship.ErrUnsupported, tranship.ErrNotFound,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return errors.Is(err, tranship.ErrLimit) && !errors.Is(err, tranship.ErrUnavailable)
}

// kept returns how long the store keeps an upload without a new piece; 0 if it does not say so.
func (s *Service) kept(ctx context.Context, path, upload string) time.Duration {
	for info, err := range s.store.ListUploads(ctx, path) {
		if err != nil {
			return 0 // perhaps the caller may not list uploads
		}
		if info.ID == upload {
			if info.Expires.IsZero() {
				return 0
			}
			return max(time.Until(info.Expires).Round(time.Minute), 0)
		}
	}
	return 0
}

// describe adds what responses of all requests of an unfinished upload have.
func (o *session) describe(speaks protocol, header http.Header) {
	if o.Kept > 0 && !o.isCommitted() {
		speaks.limit(header, o.Kept)
		header.Set(expiresHeader, time.Now().Add(o.Kept).UTC().Format(http.TimeFormat))
	}
}
