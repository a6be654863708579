package tracing

import (
	"context"

	"github.com/tranship/tranship"
)

// Put implements tranship.Writer.
func (s *store) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	span := s.tracer.Begin(ctx, Operation{Kind: Upload, Path: spec.Path, Files: 1})
	if span == nil {
		return s.Store.Put(ctx, spec, data)
	}
	file, err := s.Store.Put(span.Context(ctx), spec, data)
	span.End(Result{Bytes: int64(len(data)), Err: err})
	return file, err
}

// PutBatch implements tranship.BatchPutter.
func (s *store) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	if len(items) == 0 {
		return nil
	}
	span := s.tracer.Begin(ctx, Operation{Kind: UploadBatch, Path: items[0].Spec.Path, Files: len(items)})
	if span == nil {
		return tranship.PutBatch(ctx, s.Store, items)
	}
	results := tranship.PutBatch(span.Context(ctx), s.Store, items)
	var ended Result
	ended.Files = make([]FileResult, min(len(items), len(results)))
	for i := range ended.Files {
		ended.Files[i] = FileResult{items[i].Spec.Path, int64(len(items[i].Data)), results[i].Err}
		ended.Bytes += ended.Files[i].Bytes
	}
	span.End(ended)
	return results
}

// Fetch implements tranship.Fetcher.
func (s *store) Fetch(ctx context.Context, path string, size int64) (tranship.File, []byte, error) {
	span := s.tracer.Begin(ctx, Operation{Kind: Download, Path: path, Files: 1})
	if span == nil {
		return tranship.Fetch(ctx, s.Store, path, size)
	}
	file, data, err := tranship.Fetch(span.Context(ctx), s.Store, path, size)
	span.End(Result{Bytes: int64(len(data)), Err: err})
	return file, data, err
}

// FetchBatch implements tranship.BatchFetcher.
func (s *store) FetchBatch(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
	if len(items) == 0 {
		return nil
	}
	span := s.tracer.Begin(ctx, Operation{Kind: DownloadBatch, Path: items[0].Path, Files: len(items)})
	if span == nil {
		return tranship.FetchBatch(ctx, s.Store, items)
	}
	results := tranship.FetchBatch(span.Context(ctx), s.Store, items)
	var ended Result
	ended.Files = make([]FileResult, min(len(items), len(results)))
	for i := range ended.Files {
		ended.Files[i] = FileResult{items[i].Path, int64(len(results[i].Data)), results[i].Err}
		ended.Bytes += ended.Files[i].Bytes
	}
	span.End(ended)
	return results
}
