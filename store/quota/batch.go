package quota

import (
	"context"
	"errors"
	"slices"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/batch"
)

// PutBatch implements tranship.BatchPutter. Each item is counted like that of a Put: one that
// exceeds a limit fails alone.
func (s *Store) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	refuse := func(i int) error { return s.admitPut(ctx, items[i].Spec, items[i].Data) }
	return batch.Pass(items, refuse, failedPut, func(items []tranship.PutItem) []tranship.PutResult {
		if s.keeper == nil {
			return tranship.PutBatch(ctx, s.Store, items)
		}
		return s.putCounted(ctx, items)
	})
}

func failedPut(err error) tranship.PutResult { return tranship.PutResult{Err: err} }

// putCounted puts and counts valid items: first those whose path is free and which fit, in one
// batch, and then the others one after the other. So it waits for the lock of a path only while
// it has no other: two batches cannot deadlock, and a call that takes long at one path does not
// delay those at the other paths of the batch. An item that does not fit beside the others of
// the batch may fit after them, because some of them fail or replace a larger file.
func (s *Store) putCounted(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	var later []int
	results := s.putUnlocked(ctx, items, func(i int) { later = append(later, i) })
	slices.Sort(later)
	for _, i := range later {
		results[i].File, results[i].Err = s.Put(ctx, items[i].Spec, items[i].Data)
	}
	return results
}

// putUnlocked puts the items whose paths are not locked, and which fit. It calls later for
// each other one, whose result is not final.
func (s *Store) putUnlocked(ctx context.Context, items []tranship.PutItem, later func(i int)) []tranship.PutResult {
	var unlocks []func()
	defer func() {
		for _, unlock := range unlocks {
			unlock()
		}
	}()
	results := make([]tranship.PutResult, len(items))
	admitted := make([]tranship.PutItem, 0, len(items))
	creations := make([]creation, 0, len(items))
	places := make([]int, 0, len(items)) // of the admitted items
	for i, item := range items {
		if len(item.Data) > tranship.MaxPutBytes {
			later(i) // to fail
			continue
		}
		unlock, ok := s.paths.TryLock(item.Spec.Path)
		if !ok {
			later(i)
			continue
		}
		c, err := s.prepareLocked(ctx, item.Spec.Path, int64(len(item.Data)))
		if err != nil {
			unlock()
			if results[i].Err = err; errors.Is(err, tranship.ErrQuota) {
				later(i)
			}
			continue
		}
		unlocks = append(unlocks, func() {
			s.ledger.release(c.reservation)
			unlock()
		})
		admitted, creations, places = append(admitted, item), append(creations, c), append(places, i)
	}
	if len(admitted) == 0 {
		return results
	}
	for n, put := range tranship.PutBatch(tranship.NewAccountContext(ctx, caller(ctx)), s.Store, admitted) {
		result := &results[places[n]]
		result.File, result.Err = s.countLocked(ctx, creations[n], put.File, put.Err)
		if errors.Is(put.Err, tranship.ErrQuota) { // its directories do not fit
			later(places[n])
		}
	}
	return results
}

// FetchBatch implements tranship.BatchFetcher. The files count as open during the call.
func (s *Store) FetchBatch(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
	if s.keeper != nil {
		for _, item := range items {
			if tranship.ValidatePath(item.Path) == nil {
				r := s.ledger.startReading(item.Path)
				defer s.ledger.stopReading(r)
			}
		}
	}
	return tranship.FetchBatch(ctx, s.Store, items)
}
