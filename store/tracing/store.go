package tracing

import (
	"context"
	"iter"

	"github.com/tranship/tranship"
)

// New returns a store that tells tracer of the operations of inner. It belongs directly around
// the store, or around the client of a server, inside of all other decorators. It is safe for
// concurrent use.
func New(inner tranship.Store, tracer Tracer) tranship.Store { return &store{inner, tracer} }

type store struct {
	tranship.Store
	tracer Tracer
}

// do performs an operation that moves no content.
func do[Value any](ctx context.Context, tracer Tracer, operation Operation, perform func(context.Context) (Value, error)) (Value, error) {
	span := tracer.Begin(ctx, operation)
	if span == nil {
		return perform(ctx)
	}
	value, err := perform(span.Context(ctx))
	span.End(Result{Err: err})
	return value, err
}

// doOnly performs an operation that returns only an error.
func doOnly(ctx context.Context, tracer Tracer, operation Operation, perform func(context.Context) error) error {
	_, err := do(ctx, tracer, operation, func(ctx context.Context) (struct{}, error) { return struct{}{}, perform(ctx) })
	return err
}

// Stat implements tranship.Reader.
func (s *store) Stat(ctx context.Context, path string) (tranship.File, error) {
	return do(ctx, s.tracer, Operation{Kind: Stat, Path: path}, func(ctx context.Context) (tranship.File, error) {
		return s.Store.Stat(ctx, path)
	})
}

// SetAttributes implements tranship.Editor.
func (s *store) SetAttributes(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (tranship.File, error) {
	return do(ctx, s.tracer, Operation{Kind: SetAttributes, Path: path}, func(ctx context.Context) (tranship.File, error) {
		return s.Store.SetAttributes(ctx, path, attributes, precondition)
	})
}

// Remove implements tranship.Editor.
func (s *store) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	return doOnly(ctx, s.tracer, Operation{Kind: Remove, Path: path}, func(ctx context.Context) error {
		return s.Store.Remove(ctx, path, precondition)
	})
}

// Move implements tranship.Editor.
func (s *store) Move(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	return do(ctx, s.tracer, Operation{Kind: Move, Path: source, Destination: destination}, func(ctx context.Context) (tranship.File, error) {
		return s.Store.Move(ctx, source, destination, precondition)
	})
}

// Copy implements tranship.Editor.
func (s *store) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	return do(ctx, s.tracer, Operation{Kind: Copy, Path: source, Destination: destination}, func(ctx context.Context) (tranship.File, error) {
		return s.Store.Copy(ctx, source, destination, precondition)
	})
}

// AbortUpload implements tranship.Uploads.
func (s *store) AbortUpload(ctx context.Context, id string) error {
	return doOnly(ctx, s.tracer, Operation{Kind: AbortUpload, Path: id}, func(ctx context.Context) error {
		return s.Store.AbortUpload(ctx, id)
	})
}

// FindUpload implements tranship.UploadFinder.
func (s *store) FindUpload(ctx context.Context, id string) (tranship.UploadInfo, error) {
	return do(ctx, s.tracer, Operation{Kind: FindUpload, Path: id}, func(ctx context.Context) (tranship.UploadInfo, error) {
		return tranship.FindUpload(ctx, s.Store, id)
	})
}

// RemoveAll implements tranship.TreeRemover.
func (s *store) RemoveAll(ctx context.Context, directory string, options tranship.RemoveAllOptions) (int64, error) {
	return do(ctx, s.tracer, Operation{Kind: RemoveAll, Path: directory}, func(ctx context.Context) (int64, error) {
		return tranship.RemoveAll(ctx, s.Store, directory, options)
	})
}

// List implements tranship.Reader. Its span ends with the list. An entry that is left out is no
// failure.
func (s *store) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return traced(ctx, s.tracer, Operation{Kind: List, Path: options.Directory}, func(ctx context.Context) iter.Seq2[tranship.Entry, error] {
		return s.Store.List(ctx, options)
	})
}

// ListUploads implements tranship.Uploads.
func (s *store) ListUploads(ctx context.Context, directory string) iter.Seq2[tranship.UploadInfo, error] {
	return traced(ctx, s.tracer, Operation{Kind: ListUploads, Path: directory}, func(ctx context.Context) iter.Seq2[tranship.UploadInfo, error] {
		return s.Store.ListUploads(ctx, directory)
	})
}
