package guard

import (
	"context"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/chunk"
)

// Put implements tranship.Writer. It takes the right to write, also where it
// replaces a file.
func (s *store) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	spec, err := s.admit(ctx, spec)
	if err != nil {
		return tranship.File{}, err
	}
	file, err := s.inner.Put(ctx, spec, data)
	return file, s.refusal(ctx, spec.Path, err)
}

// Begin implements tranship.Writer. It takes the right to write, also where it
// replaces a file, and so does the commit.
func (s *store) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	spec, err := s.admit(ctx, spec)
	if err != nil {
		return nil, err
	}
	inner, err := s.inner.Begin(ctx, spec)
	if err != nil {
		return nil, s.refusal(ctx, spec.Path, err)
	}
	return chunk.Decorated(&upload{inner, s, spec.Path, spec.Attributes}, inner), nil
}

// admit decides about a spec, and makes it the caller's.
func (s *store) admit(ctx context.Context, spec tranship.Spec) (tranship.Spec, error) {
	spec.Owner = access.FromContext(ctx).Name
	if err := spec.Validate(); err != nil {
		return spec, err
	}
	return spec, s.writing(ctx, spec.Path)
}

// upload is an upload that was allowed when it was begun.
type upload struct {
	tranship.Upload
	store *store
	path  string
	// attributes are those of the spec.
	attributes tranship.Attributes
}

// CopyPart implements tranship.Upload. It takes the right to read the source.
func (u *upload) CopyPart(ctx context.Context, n int, source string, options tranship.OpenOptions) error {
	if err := u.store.existing(ctx, source, access.Read); err != nil {
		return err
	}
	return u.store.refusal(ctx, u.path, u.Upload.CopyPart(ctx, n, source, options))
}

// Part implements tranship.Upload.
func (u *upload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	inner, err := u.Upload.Part(ctx, n)
	if err != nil || u.store.knowledge(ctx, u.path) != nothing {
		return inner, err
	}
	return &partWriter{inner, ctx, u}, nil
}

// partWriter is a part of a caller who may not know what is at the upload's path.
type partWriter struct {
	tranship.PartWriter
	ctx    context.Context
	upload *upload
}

// Write implements io.Writer.
func (w *partWriter) Write(data []byte) (int, error) {
	n, err := w.PartWriter.Write(data)
	return n, w.upload.store.refusal(w.ctx, w.upload.path, err)
}

// WriteChunk implements chunk.Writer.
func (w *partWriter) WriteChunk(data chunk.Chunk) error {
	return w.upload.store.refusal(w.ctx, w.upload.path, chunk.Write(w.PartWriter, data))
}

// Commit implements tranship.Upload. The policy may have changed since Begin.
func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	if err := u.store.writing(ctx, u.path); err != nil {
		return tranship.File{}, err
	}
	file, err := u.Upload.Commit(ctx, commit)
	if err != nil {
		return tranship.File{}, u.store.refusal(ctx, u.path, err)
	}
	return u.store.knowledge(ctx, u.path).committed(file, u.attributes), nil
}
