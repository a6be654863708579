package limit

import (
	"context"
	"slices"

	"github.com/tranship/tranship"
)

// syncingPuts is how many files of a batch a store of package disk has open at once to sync them.
const syncingPuts = 16

// PutBatch implements tranship.BatchPutter. A store has one file of a batch open at a time if it
// need not sync the files, and otherwise up to syncingPuts, each of which counts like a Put. If a
// caller may not have as many descriptors, PutBatch passes on a part of the items at a time.
func (s *filesStore) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	most := min(syncingPuts, int(s.share/shortFiles))
	if mostSynced(items) <= most || most == syncingPuts {
		return s.putBatch(ctx, items)
	}
	results := make([]tranship.PutResult, 0, len(items))
	for some := range slices.Chunk(items, most) {
		results = append(results, s.putBatch(ctx, some)...)
	}
	return results
}

func (s *filesStore) putBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	if len(items) == 0 {
		return nil
	}
	open := int64(max(1, min(syncingPuts, mostSynced(items))))
	place, err := s.queue.Enter(ctx, open*shortFiles, false)
	if err != nil {
		return slices.Repeat([]tranship.PutResult{{Err: err}}, len(items))
	}
	defer place.Leave()
	return tranship.PutBatch(ctx, s.inner, items)
}

// mostSynced returns how many files of a batch the store may sync: those that need not only be
// written. The durability that the store chooses by default is not known here.
func mostSynced(items []tranship.PutItem) int {
	n := 0
	for _, item := range items {
		if item.Spec.Durability != tranship.DurabilityWritten {
			n++
		}
	}
	return n
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
