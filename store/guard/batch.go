package guard

import (
	"context"
	"slices"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/batch"
)

// PutBatch implements tranship.BatchPutter. Each item needs the rights that Put needs. The
// inner store gets those that are allowed.
func (s *store) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	items = slices.Clone(items) // to set the owners
	refuse := func(i int) (err error) {
		items[i].Spec, err = s.authorizeSpec(ctx, items[i].Spec)
		return err
	}
	failed := func(err error) tranship.PutResult { return tranship.PutResult{Err: err} }
	return batch.Pass(items, refuse, failed, func(items []tranship.PutItem) []tranship.PutResult {
		results := tranship.PutBatch(ctx, s.inner, items)
		for i := range results {
			results[i].Err = s.redact(ctx, items[i].Spec.Path, results[i].Err)
		}
		return results
	})
}

// FetchBatch implements tranship.BatchFetcher. Each item needs the right to read. The inner
// store gets those that are allowed.
func (s *store) FetchBatch(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
	refuse := func(i int) error { return s.authorizeExisting(ctx, items[i].Path, access.Read) }
	failed := func(err error) tranship.FetchResult { return tranship.FetchResult{Err: err} }
	return batch.Pass(items, refuse, failed, func(items []tranship.FetchItem) []tranship.FetchResult {
		return tranship.FetchBatch(ctx, s.inner, items)
	})
}
