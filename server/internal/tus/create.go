package tus

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/httpadmission"
	"github.com/tranship/tranship/server/internal/links"
)

// create answers POST: it creates an upload, whose first piece may be the body.
func (s *Service) create(e *httpadmission.Exchange, speaks protocol) (err error) {
	request := e.Request.Header
	size, err := speaks.length(e.Request)
	if err != nil {
		return err
	}
	pairs, err := speaks.metadata(request)
	if err != nil {
		return err
	}
	spec, err := specOf(pairs)
	if err != nil {
		return err
	}
	if s.records.state == nil {
		return withoutState()
	}
	spec.Size, spec.Owner = &size, access.FromContext(e.Context()).Name
	link := access.FromContext(e.Context()).Link
	if link != nil {
		spec.Path = link.Path + "/" + spec.Path
		if err := links.CheckSize(link, size); err != nil {
			return err
		}
	}
	created := &entry{record: newRecord(spec, request.Get(metadataHeader)), id: newID()}
	created.Link = linkOf(e.Context())
	if err := created.spec(created.id, s.options.Durability).Validate(); err != nil {
		return err
	}
	if err := created.checkRoom(); err != nil {
		return err
	}
	withPiece := speaks.createsWithPiece(request)
	if withPiece {
		if _, err := speaks.checkBody(e.Request, 0, size); err != nil {
			return err
		}
	}
	own, release, err := s.holders.acquire(e.Context(), created.id, e.Interrupt)
	if err != nil {
		return err
	}
	defer release()
	defer func() { err = own.ended(err) }()
	opened, err := s.beginLinked(e.Context(), created, link)
	if err != nil {
		return err
	}
	defer opened.close(e.Context())
	location := prefix + created.id
	if speaks.interop > 0 {
		interim := http.Header{"Location": {location}}
		speaks.mark(interim)
		speaks.limit(interim, opened.Kept)
		if err := e.Inform(statusUploadResumptionSupported, interim); err != nil {
			return err
		}
	}
	if withPiece {
		err = s.receive(e, speaks, own, opened, 0)
	} else if size == 0 {
		err = s.commit(e.Context(), opened)
	}
	if err != nil {
		return httpadmission.WithHeader(err, "Location", location)
	}
	answer := e.Header()
	answer.Set("Location", location)
	if withPiece {
		speaks.describe(answer, opened.offset(), size)
	}
	opened.describe(speaks, answer)
	return e.WriteHeader(http.StatusCreated)
}

// beginNew begins the upload of a new record, and stores the record.
func (s *Service) beginNew(ctx context.Context, created *entry) (*session, error) {
	upload, err := s.store.Begin(ctx, created.spec(created.id, s.options.Durability))
	if err != nil {
		return nil, refused(err, created.MustNotExist)
	}
	created.Upload = upload.ID()
	created.Kept = s.kept(ctx, created.Path, created.Upload)
	if err := s.records.put(ctx, created); err != nil {
		clean, cancel := keeping(ctx)
		defer cancel()
		return nil, errors.Join(err, upload.Abort(clean))
	}
	return &session{entry: created, upload: upload}, nil
}

// status answers HEAD: how far an upload is. An upload whose bytes have all come, but that could not
// become a file then, becomes one now, so that no client takes an upload for a file that is none.
func (s *Service) status(e *httpadmission.Exchange, speaks protocol, id string) error {
	ctx := e.Context()
	_, release, err := s.holders.acquire(ctx, id, func() {})
	if err != nil {
		return err
	}
	defer release()
	opened, err := s.open(ctx, id)
	if err != nil {
		return err
	}
	defer opened.close(ctx)
	offset := opened.offset()
	if offset == opened.Size {
		if err := s.commit(ctx, opened); err != nil {
			return err
		}
	}
	header := e.Header()
	header.Set("Cache-Control", "no-store")
	speaks.describe(header, offset, opened.Size)
	header.Set(lengthHeader, strconv.FormatInt(opened.Size, 10))
	if opened.Header != "" {
		header.Set(metadataHeader, opened.Header)
	}
	opened.describe(speaks, header)
	if speaks.interop > 0 {
		return e.WriteHeader(http.StatusNoContent)
	}
	return e.WriteHeader(http.StatusOK)
}

// end answers DELETE: it removes an upload. A file that the upload has become stays. An upload that can
// no longer become a file, because its precondition does not hold any more, can be removed like others.
func (s *Service) end(e *httpadmission.Exchange, id string) error {
	ctx := e.Context()
	_, release, err := s.holders.acquire(ctx, id, func() {})
	if err != nil {
		return err
	}
	defer release()
	found, err := s.records.get(ctx, id)
	if err != nil {
		return err
	}
	switch err := s.store.AbortUpload(ctx, found.Upload); {
	case errors.Is(err, tranship.ErrNotFound): // it has ended: as a file, or without a trace
		if err := s.endEnded(ctx, found); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		if err := s.forget(ctx, found); err != nil {
			return err
		}
	}
	return e.WriteHeader(http.StatusNoContent)
}

// endEnded removes what is left of an upload that is not unfinished. It returns the error gone if the
// upload has not become a file.
func (s *Service) endEnded(ctx context.Context, found *entry) error {
	opened, err := s.open(ctx, found.id)
	if errors.Is(err, tranship.ErrExists) || errors.Is(err, tranship.ErrPrecondition) {
		if err := s.forget(ctx, found); err != nil {
			return err
		}
		return gone()
	}
	if err != nil {
		return err
	}
	return s.discard(ctx, opened)
}
