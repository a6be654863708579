package mem

import (
	"context"

	"github.com/tranship/tranship"
)

var (
	_ tranship.BatchPutter  = (*Store)(nil)
	_ tranship.BatchFetcher = (*Store)(nil)
)

// PutBatch implements tranship.BatchPutter.
func (s *Store) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	results := make([]tranship.PutResult, len(items))
	for i, item := range items {
		results[i].File, results[i].Err = s.Put(ctx, item.Spec, item.Data)
	}
	return results
}

// FetchBatch implements tranship.BatchFetcher.
func (s *Store) FetchBatch(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
	results := make([]tranship.FetchResult, len(items))
	for i, item := range items {
		results[i].File, results[i].Data, results[i].Err = tranship.Fetch(ctx, s, item.Path, item.Size)
	}
	return results
}
