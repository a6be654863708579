package audit

import (
	"context"
	"errors"
	"iter"
	"log/slog"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/recorded"
)

// New returns a decorator of inner that logs each action. It has to wrap all decorators that
// refuse calls, so that refusals are logged. If log is nil, New returns inner.
func New(inner tranship.Store, log *Log) tranship.Store {
	if log == nil {
		return inner
	}
	return &store{inner, log}
}

type store struct {
	inner tranship.Store
	log   *Log
}

// Stat implements tranship.Reader.
func (s *store) Stat(ctx context.Context, path string) (tranship.File, error) {
	if err := s.log.output.ready(); err != nil {
		return tranship.File{}, err
	}
	file, err := s.inner.Stat(ctx, path)
	s.log.done(ctx, "stat", err, pathAttr(path))
	return file, err
}

// List implements tranship.Reader.
func (s *store) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		n, skipped, err := 0, 0, s.log.output.ready()
		if err != nil {
			yield(tranship.Entry{}, err)
			return
		}
		defer func() {
			attrs := []slog.Attr{pathAttr(options.Directory), slog.Bool("recursive", options.Recursive), slog.Int("entries", n)}
			if skipped > 0 {
				attrs = append(attrs, slog.Int("skipped", skipped))
			}
			s.log.done(ctx, "list", err, attrs...)
		}()
		for entry, failure := range s.inner.List(ctx, options) {
			if _, ok := errors.AsType[*tranship.SkippedError](failure); ok {
				skipped++ // not a failure of the list
			} else if err = failure; err == nil {
				n++
			}
			if !yield(entry, failure) {
				return
			}
		}
	}
}

// Put implements tranship.Writer.
func (s *store) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	if err := s.log.output.ready(); err != nil {
		return tranship.File{}, err
	}
	file, err := s.inner.Put(ctx, spec, data)
	putDone(ctx, s.log.lines, spec, data, err)
	return file, err
}

// Begin implements tranship.Writer.
func (s *store) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if err := s.log.output.ready(); err != nil {
		return nil, err
	}
	inner, err := s.inner.Begin(ctx, spec)
	if err != nil {
		s.log.done(ctx, "begin", err, pathAttr(spec.Path))
		return nil, err
	}
	s.log.done(ctx, "begin", nil, pathAttr(spec.Path), uploadAttr(inner.ID()))
	return &upload{Upload: inner, log: s.log, path: spec.Path, resumable: spec.ResumeKey != "" && !spec.Transient}, nil
}

// SetAttributes implements tranship.Editor.
func (s *store) SetAttributes(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (tranship.File, error) {
	if err := s.log.output.ready(); err != nil {
		return tranship.File{}, err
	}
	file, err := s.inner.SetAttributes(ctx, path, attributes, precondition)
	s.log.done(ctx, "set_attributes", err, pathAttr(path))
	return file, err
}

// Remove implements tranship.Editor.
func (s *store) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	if err := s.log.output.ready(); err != nil {
		return err
	}
	err := s.inner.Remove(ctx, path, precondition)
	s.log.done(ctx, "delete", err, pathAttr(path))
	return err
}

// Move implements tranship.Editor.
func (s *store) Move(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	if err := s.log.output.ready(); err != nil {
		return tranship.File{}, err
	}
	file, err := s.inner.Move(ctx, source, destination, precondition)
	s.log.done(ctx, "move", err, pathAttr(source), destinationAttr(destination), bytesAttr(file.Size))
	return file, err
}

// Copy implements tranship.Editor.
func (s *store) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	if err := s.log.output.ready(); err != nil {
		return tranship.File{}, err
	}
	file, err := s.inner.Copy(ctx, source, destination, precondition)
	s.log.done(ctx, "copy", err, pathAttr(source), destinationAttr(destination), bytesAttr(file.Size))
	return file, err
}

// ListUploads implements tranship.Uploads.
func (s *store) ListUploads(ctx context.Context, directory string) iter.Seq2[tranship.UploadInfo, error] {
	return func(yield func(tranship.UploadInfo, error) bool) {
		n, err := 0, s.log.output.ready()
		if err != nil {
			yield(tranship.UploadInfo{}, err)
			return
		}
		defer func() { s.log.done(ctx, "list_uploads", err, pathAttr(directory), slog.Int("entries", n)) }()
		var info tranship.UploadInfo
		for info, err = range s.inner.ListUploads(ctx, directory) {
			if err == nil {
				n++
			}
			if !yield(info, err) {
				return
			}
		}
	}
}

// FindUpload implements tranship.UploadFinder. Its line has the action list_uploads. A lookup has
// none.
func (s *store) FindUpload(ctx context.Context, id string) (tranship.UploadInfo, error) {
	if err := s.log.output.ready(); err != nil {
		return tranship.UploadInfo{}, err
	}
	info, err := tranship.FindUpload(ctx, s.inner, id)
	if !recorded.IsLookup(ctx) {
		s.log.done(ctx, "list_uploads", err, uploadAttr(id))
	}
	return info, err
}

// AbortUpload implements tranship.Uploads.
func (s *store) AbortUpload(ctx context.Context, id string) error {
	if err := s.log.output.ready(); err != nil {
		return err
	}
	err := s.inner.AbortUpload(ctx, id)
	s.log.done(ctx, "abort_upload", err, uploadAttr(id))
	return err
}
