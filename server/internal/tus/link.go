package tus

import (
	"context"
	"errors"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/httpadmission"
	"github.com/tranship/tranship/server/internal/links"
)

// linkOf returns the id of the sharing link of the caller; "" for a caller without one.
func linkOf(ctx context.Context) string {
	if link := access.FromContext(ctx).Link; link != nil {
		return link.ID
	}
	return ""
}

// linked returns a handler whose errors tell callers with a sharing link no more than they may know.
func linked(handler func(*httpadmission.Exchange) error) func(*httpadmission.Exchange) error {
	return func(e *httpadmission.Exchange) error { return links.Told(handler(e)) }
}

// beginLinked begins the upload of a new record. It counts a use of the caller's sharing link, unless
// that is nil.
func (s *Service) beginLinked(ctx context.Context, created *entry, link *access.Link) (*session, error) {
	if link == nil {
		return s.beginNew(ctx, created)
	}
	giveBack, err := s.options.Links.BeginUnfinished(ctx, link.ID, created.id, s.isUnfinished)
	if err != nil {
		return nil, err
	}
	opened, err := s.beginNew(ctx, created)
	if err != nil {
		giveBack()
	}
	return opened, err
}

// endLinked counts an upload that has become a file or was removed for its sharing link, if it has one.
func (s *Service) endLinked(ctx context.Context, ended *entry) {
	if ended.Link != "" {
		s.options.Links.EndUpload(ctx, ended.Link, ended.id)
	}
}

// isUnfinished reports whether an upload of the caller is in the store and no file yet.
func (s *Service) isUnfinished(ctx context.Context, id string) (bool, error) {
	found, err := s.records.get(ctx, id)
	if err == nil {
		_, err = tranship.FindUpload(ctx, s.store, found.Upload)
	}
	if errors.Is(err, tranship.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
