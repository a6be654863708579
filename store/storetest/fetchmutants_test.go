package storetest_test

import (
	"context"
	"slices"
	"testing"
	"unsafe"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/storetest"
)

func testBatchFetcher(t *testing.T, flaw func(flawed) flawed) {
	storetest.TestBatchFetcher(t, func(*testing.T) tranship.Store {
		store := flaw(newFlawed(&mem.Store{PartSize: 1000}))
		if store.fetchBatch == nil {
			return struct{ tranship.Store }{store}
		}
		return store
	})
}

// fetchesWith replaces the fetches of a store.
func fetchesWith(fetch func(f flawed, ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult) func(flawed) flawed {
	return func(f flawed) flawed {
		f.fetchBatch = func(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
			return fetch(f, ctx, items)
		}
		return f
	}
}

// fetchBatchMutants are stores by what is wrong with their FetchBatch.
func fetchBatchMutants() map[string]mutant {
	return map[string]mutant{
		"has lost its BatchFetcher": {"failures", testBatchFetcher, func(f flawed) flawed {
			f.fetchBatch = nil
			return f
		}},
		"returns the results of fetches in another order": {"results of single fetches", testBatchFetcher, fetchesWith(
			func(f flawed, ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
				results := f.Store.FetchBatch(ctx, items)
				slices.Reverse(results)
				return results
			})},
		"has no checksums in fetches": {"results of single fetches", testBatchFetcher, fetchesWith(
			func(f flawed, ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
				results := f.Store.FetchBatch(ctx, items)
				for i := range results {
					results[i].File.CRC32C = nil
				}
				return results
			})},
		"fetches something for no item": {"empty and of one", testBatchFetcher, fetchesWith(
			func(f flawed, ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
				return append(f.Store.FetchBatch(ctx, items), make([]tranship.FetchResult, max(1-len(items), 0))...)
			})},
		"fetches files of any size in a batch": {"another size", testBatchFetcher, fetchesWith(
			func(f flawed, ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
				items = slices.Clone(items)
				for i := range items {
					if file, err := f.Store.Stat(ctx, items[i].Path); err == nil {
						items[i].Size = file.Size
					}
				}
				return f.Store.FetchBatch(ctx, items)
			})},
		"fetches no more than 500 items": {"many", testBatchFetcher, fetchesWith(
			func(f flawed, ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
				return append(f.Store.FetchBatch(ctx, items[:min(len(items), 500)]), make([]tranship.FetchResult, max(len(items)-500, 0))...)
			})},
		"ends fetches at the first failure": {"failures", testBatchFetcher, fetchesWith(
			func(f flawed, ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
				results := make([]tranship.FetchResult, len(items))
				var failed error
				for i, item := range items {
					if failed == nil {
						results[i].File, results[i].Data, failed = tranship.Fetch(ctx, f.Store, item.Path, item.Size)
					}
					results[i].Err = failed
				}
				return results
			})},
		"fetches nothing of too much": {"too much together", testBatchFetcher, fetchesWith(
			func(f flawed, ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
				total := int64(0)
				for _, item := range items {
					total += item.Size
				}
				if total > tranship.MaxBatchBytes {
					return slices.Repeat([]tranship.FetchResult{{Err: tranship.ErrLimit}}, len(items))
				}
				return f.Store.FetchBatch(ctx, items)
			})},
		"shares the data of fetches": {"data is the caller's", testBatchFetcher, fetchesWith(
			func(f flawed, ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
				results := f.Store.FetchBatch(ctx, items)
				for i := range results {
					results[i].Data = results[0].Data
				}
				return results
			})},
		"fetches into one buffer without bounds": {"data is the caller's", testBatchFetcher, fetchesWith(
			func(f flawed, ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
				results := f.Store.FetchBatch(ctx, items)
				var all []byte
				for _, result := range results {
					all = append(all, result.Data...)
				}
				for i := range results {
					n := len(results[i].Data)
					results[i].Data, all = all[:n], all[n:]
				}
				return results
			})},
		"fetches into buffers that are too short": {"lent buffers", testBatchFetcher, fetchesWith(
			func(f flawed, ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
				results := f.Store.FetchBatch(ctx, items)
				for i, item := range items {
					if item.Buffer != nil && results[i].Err == nil {
						results[i].Data = item.Buffer[:copy(item.Buffer, results[i].Data)]
					}
				}
				return results
			})},
		"fetches beyond buffers": {"lent buffers", testBatchFetcher, fetchesWith(
			func(f flawed, ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
				results := f.Store.FetchBatch(ctx, items)
				for i, item := range items {
					if len(item.Buffer) > 0 {
						results[i].Data = append(item.Buffer[:0:len(item.Buffer)], results[i].Data...)
						unsafe.Slice(&item.Buffer[0], len(item.Buffer)+1)[len(item.Buffer)] = 0
					}
				}
				return results
			})},
		"fetches in a context that has ended": {"context", testBatchFetcher, fetchesWith(
			func(f flawed, ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
				return f.Store.FetchBatch(context.WithoutCancel(ctx), items)
			})},
		"describes the first version in fetches": {"whole versions", testBatchFetcher, func(f flawed) flawed {
			first := make(map[string]tranship.File)
			f.fetchBatch = func(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
				results := f.Store.FetchBatch(ctx, items)
				for i := range results {
					if known, ok := first[items[i].Path]; ok {
						results[i].File = known
					}
					first[items[i].Path] = results[i].File
				}
				return results
			}
			return f
		}},
	}
}
