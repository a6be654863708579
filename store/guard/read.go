package guard

import (
	"context"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// Stat implements tranship.Reader. It needs the right to read.
func (s *store) Stat(ctx context.Context, path string) (tranship.File, error) {
	if err := s.authorizeExisting(ctx, path, access.Read); err != nil {
		return tranship.File{}, err
	}
	return s.inner.Stat(ctx, path)
}

// Open implements tranship.Reader. It needs the right to read.
func (s *store) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	if err := s.authorizeExisting(ctx, path, access.Read); err != nil {
		return nil, err
	}
	return s.inner.Open(ctx, path, options)
}

// Fetch implements tranship.Fetcher. It needs the right to read.
func (s *store) Fetch(ctx context.Context, path string, size int64) (tranship.File, []byte, error) {
	if err := s.authorizeExisting(ctx, path, access.Read); err != nil {
		return tranship.File{}, nil, err
	}
	return tranship.Fetch(ctx, s.inner, path, size)
}
