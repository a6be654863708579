package limit

import (
	"context"
	"slices"

	"github.com/tranship/tranship"
)

// PutBatch implements tranship.BatchPutter. A batch counts like a Put: a store has one of its
// files open at a time.
func (s *filesStore) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	if len(items) == 0 {
		return nil
	}
	place, err := s.queue.Enter(ctx, shortFiles, false)
	if err != nil {
		return slices.Repeat([]tranship.PutResult{{Err: err}}, len(items))
	}
	defer place.Leave()
	return tranship.PutBatch(ctx, s.inner, items)
}

// FetchBatch implements tranship.BatchFetcher. A batch counts like a Fetch: a store has one of
// its files open at a time.
func (s *filesStore) FetchBatch(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
	if len(items) == 0 {
		return nil
	}
	place, err := s.queue.Enter(ctx, openFiles, false)
	if err != nil {
		return slices.Repeat([]tranship.FetchResult{{Err: err}}, len(items))
	}
	defer place.Leave()
	return tranship.FetchBatch(ctx, s.inner, items)
}
