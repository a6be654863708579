package tracing

import (
	"context"
	"fmt"
	"sync"

	"github.com/tranship/tranship"
)

// Begin implements tranship.Writer. The span ends with the upload.
func (s *store) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	span := s.tracer.Begin(ctx, Operation{Kind: Upload, Path: spec.Path})
	if span == nil {
		return s.Store.Begin(ctx, spec)
	}
	inner, err := s.Store.Begin(span.Context(ctx), spec)
	if err != nil {
		span.End(Result{Err: err})
		return nil, err
	}
	return &upload{Upload: inner, span: span}, nil
}

// errNotCommitted is the failure of an upload that ended without an error of its own.
var errNotCommitted = fmt.Errorf("%w: the upload was not committed", tranship.ErrAborted)

// upload is an upload with a span.
type upload struct {
	tranship.Upload
	span Span
	once sync.Once

	mu sync.Mutex
	// failure is the first error of a part or of Commit.
	failure error
}

// failed records an error.
func (u *upload) failed(err error) error {
	if err != nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		if u.failure == nil {
			u.failure = err
		}
	}
	return err
}

// end ends the span, once.
func (u *upload) end(result Result) {
	u.once.Do(func() { u.span.End(result) })
}

// endUncommitted ends the span of an upload that was not committed.
func (u *upload) endUncommitted(ctx context.Context) {
	u.mu.Lock()
	failure := u.failure
	u.mu.Unlock()
	if failure == nil {
		failure = context.Cause(ctx)
	}
	if failure == nil {
		failure = errNotCommitted
	}
	u.end(Result{Err: failure})
}

// Part implements tranship.Upload.
func (u *upload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	part, err := u.Upload.Part(u.span.Context(ctx), n)
	return part, u.failed(err)
}

// PartRun implements tranship.PartRunner.
func (u *upload) PartRun(ctx context.Context, first, end int) (tranship.PartWriter, error) {
	runner, ok := tranship.As[tranship.PartRunner](u.Upload)
	if !ok {
		return nil, fmt.Errorf("%w: the upload has no runs of parts", tranship.ErrUnsupported)
	}
	part, err := runner.PartRun(u.span.Context(ctx), first, end)
	return part, u.failed(err)
}

// CopyPart implements tranship.Upload. The upload continues after its failure.
func (u *upload) CopyPart(ctx context.Context, n int, source string, options tranship.OpenOptions) error {
	return u.Upload.CopyPart(u.span.Context(ctx), n, source, options)
}

// Sync implements tranship.Upload.
func (u *upload) Sync(ctx context.Context) error {
	return u.failed(u.Upload.Sync(u.span.Context(ctx)))
}

// Commit implements tranship.Upload. After a failure the span ends with the upload.
func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	file, err := u.Upload.Commit(u.span.Context(ctx), commit)
	if err == nil {
		u.end(Result{Bytes: commit.Size})
	}
	return file, u.failed(err)
}

// Abort implements tranship.Upload.
func (u *upload) Abort(ctx context.Context) error {
	err := u.Upload.Abort(u.span.Context(ctx))
	u.endUncommitted(ctx)
	return err
}

// Detach implements tranship.Upload.
func (u *upload) Detach(ctx context.Context) error {
	err := u.Upload.Detach(u.span.Context(ctx))
	u.endUncommitted(ctx)
	return err
}
