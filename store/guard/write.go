package guard

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// Put implements tranship.Writer. It needs the right to write, also to replace a file, or the
// right to create if there is none.
func (s *store) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	spec, err := s.authorizeSpec(ctx, spec)
	if err != nil {
		return tranship.File{}, err
	}
	file, err := s.inner.Put(ctx, spec, data)
	return file, s.redact(ctx, spec.Path, err)
}

// Begin implements tranship.Writer. It needs the right to write, also to replace a file, or the
// right to create if there is none. So does Commit.
func (s *store) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	spec, err := s.authorizeSpec(ctx, spec)
	if err != nil {
		return nil, err
	}
	inner, err := s.inner.Begin(ctx, spec)
	if err != nil {
		return nil, s.redact(ctx, spec.Path, err)
	}
	return &upload{inner, s, spec.Path, spec.Attributes, spec.Precondition}, nil
}

// authorizeSpec checks whether the caller may make the file of a spec. It returns the spec
// with the caller as its owner, and with the precondition of authorizeWrite.
func (s *store) authorizeSpec(ctx context.Context, spec tranship.Spec) (tranship.Spec, error) {
	spec.Owner = access.FromContext(ctx).Name
	if err := spec.Validate(); err != nil {
		return spec, err
	}
	var err error
	if spec.Precondition, err = s.authorizeWrite(ctx, spec.Path, spec.Precondition); err != nil {
		return spec, err
	}
	return spec, s.authorizePrecondition(ctx, spec.Path, spec.Precondition)
}

// upload is an upload that was allowed when it was begun.
type upload struct {
	tranship.Upload
	store *store
	path  string
	// attributes and precondition are those of the spec.
	attributes   tranship.Attributes
	precondition tranship.Precondition
}

// CopyPart implements tranship.Upload. It needs the right to read the source.
func (u *upload) CopyPart(ctx context.Context, n int, source string, options tranship.OpenOptions) error {
	if err := u.store.authorizeExisting(ctx, source, access.Read); err != nil {
		return err
	}
	return u.store.redact(ctx, u.path, u.Upload.CopyPart(ctx, n, source, options))
}

// Part implements tranship.Upload.
func (u *upload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	inner, err := u.Upload.Part(ctx, n)
	return u.writer(ctx, inner, err)
}

// PartRun implements tranship.PartRunner.
func (u *upload) PartRun(ctx context.Context, first, end int) (tranship.PartWriter, error) {
	runner, ok := tranship.As[tranship.PartRunner](u.Upload)
	if !ok {
		return nil, fmt.Errorf("%w: the upload takes parts one by one", tranship.ErrUnsupported)
	}
	inner, err := runner.PartRun(ctx, first, end)
	return u.writer(ctx, inner, err)
}

// writer returns the results of Part, PartRun and ContinuePart, from those of the inner upload.
func (u *upload) writer(ctx context.Context, inner tranship.PartWriter, err error) (tranship.PartWriter, error) {
	if err != nil || u.store.visibility(ctx, u.path) != invisible {
		return inner, err
	}
	return &partWriter{inner, ctx, u}, nil
}

// partWriter redacts the errors of a part writer. It is for callers that cannot see the path
// of the upload.
type partWriter struct {
	tranship.PartWriter
	ctx    context.Context
	upload *upload
}

// Write implements io.Writer.
func (w *partWriter) Write(data []byte) (int, error) {
	n, err := w.PartWriter.Write(data)
	return n, w.upload.store.redact(w.ctx, w.upload.path, err)
}

// WriteChunk implements tranship.ChunkWriter.
func (w *partWriter) WriteChunk(data tranship.Chunk) error {
	return w.upload.store.redact(w.ctx, w.upload.path, tranship.WriteChunk(w.PartWriter, data))
}

// WriteZeros implements tranship.ZeroWriter.
func (w *partWriter) WriteZeros(n int64) error {
	return w.upload.store.redact(w.ctx, w.upload.path, tranship.WriteZeros(w.PartWriter, n))
}

// Commit implements tranship.Upload. The policy may have changed since Begin.
func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	if err := u.store.authorizeBegun(ctx, u.path, u.precondition); err != nil {
		return tranship.File{}, err
	}
	file, err := u.Upload.Commit(ctx, commit)
	if err != nil {
		return tranship.File{}, u.store.redact(ctx, u.path, err)
	}
	return u.store.visibility(ctx, u.path).committed(file, u.attributes.Override(commit.Attributes)), nil
}
