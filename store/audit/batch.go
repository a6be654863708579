package audit

import (
	"context"
	"slices"

	"github.com/tranship/tranship"
)

// maxUnrecorded is the most items of a batch that are performed before their lines are
// written. It bounds the lines that wait when the log can no longer be written.
const maxUnrecorded = 256

// PutBatch implements tranship.BatchPutter. Each item has the line of a put.
func (s *store) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	results := make([]tranship.PutResult, 0, len(items))
	for some := range slices.Chunk(items, maxUnrecorded) {
		if err := s.log.output.ready(); err != nil {
			results = append(results, slices.Repeat([]tranship.PutResult{{Err: err}}, len(some))...)
			continue
		}
		stored := tranship.PutBatch(ctx, s.inner, some)
		s.log.together(func(log lines) {
			for i, result := range stored {
				putDone(ctx, log, some[i].Spec, some[i].Data, result.Err)
			}
		})
		results = append(results, stored...)
	}
	return results
}

// putDone writes the line of a put.
func putDone(ctx context.Context, log lines, spec tranship.Spec, data []byte, err error) {
	log.done(ctx, "put", err, pathAttr(spec.Path), bytesAttr(int64(len(data))))
}

// FetchBatch implements tranship.BatchFetcher. Each item has the line of a read.
func (s *store) FetchBatch(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
	results := make([]tranship.FetchResult, 0, len(items))
	for some := range slices.Chunk(items, maxUnrecorded) {
		if err := s.log.output.ready(); err != nil {
			results = append(results, slices.Repeat([]tranship.FetchResult{{Err: err}}, len(some))...)
			continue
		}
		fetched := tranship.FetchBatch(ctx, s.inner, some)
		s.log.together(func(log lines) {
			for i, result := range fetched {
				fetchDone(ctx, log, some[i], result)
			}
		})
		results = append(results, fetched...)
	}
	return results
}

// fetchDone writes the line of a fetch.
func fetchDone(ctx context.Context, log lines, item tranship.FetchItem, result tranship.FetchResult) {
	read := content{
		ctx: ctx, log: log, path: item.Path, read: int64(len(result.Data)),
		whole: result.Err == nil && result.File.Size == item.Size, err: result.Err,
	}
	read.done()
}
