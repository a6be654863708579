package storetest_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/storetest"
)

func testBatchPutter(t *testing.T, flaw func(flawed) flawed) {
	storetest.TestBatchPutter(t, func(*testing.T) tranship.Store {
		store := flaw(newFlawed(&mem.Store{PartSize: 1000}))
		if store.putBatch == nil {
			return struct{ tranship.Store }{store}
		}
		return store
	})
}

func testBatchAccounts(t *testing.T, flaw func(flawed) flawed) {
	storetest.TestAccounts(t, func(*testing.T) (tranship.Store, func() tranship.Store) {
		store := flaw(newFlawed(&mem.Store{PartSize: 1000}))
		return store, func() tranship.Store { return store }
	})
}

// eachPut puts items one by one, as change makes them.
func eachPut(change func(item *tranship.PutItem)) func(flawed) flawed {
	return func(f flawed) flawed {
		f.putBatch = func(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
			changed := slices.Clone(items)
			for i := range changed {
				change(&changed[i])
			}
			return f.Store.PutBatch(ctx, changed)
		}
		return f
	}
}

// batchesWith replaces the batches of a store.
func batchesWith(put func(f flawed, ctx context.Context, items []tranship.PutItem) []tranship.PutResult) func(flawed) flawed {
	return func(f flawed) flawed {
		f.putBatch = func(ctx context.Context, items []tranship.PutItem) []tranship.PutResult { return put(f, ctx, items) }
		return f
	}
}

// pair returns a function that returns when it was called a second time.
func pair() func() {
	var mu sync.Mutex
	var first chan struct{}
	return func() {
		mu.Lock()
		if first != nil {
			close(first)
			first = nil
			mu.Unlock()
			return
		}
		first = make(chan struct{})
		wait := first
		mu.Unlock()
		<-wait
	}
}

// putBatchMutants are stores by what is wrong with their PutBatch.
func putBatchMutants() map[string]mutant {
	return map[string]mutant{
		"has lost its BatchPutter": {"failures", testBatchPutter, func(f flawed) flawed {
			f.putBatch = nil
			return f
		}},
		"returns the results of a batch in another order": {"results of single puts", testBatchPutter, batchesWith(
			func(f flawed, ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
				results := f.Store.PutBatch(ctx, items)
				slices.Reverse(results)
				return results
			})},
		"forgets the attributes of a batch": {"results of single puts", testBatchPutter, eachPut(func(item *tranship.PutItem) {
			item.Spec.Attributes = tranship.Attributes{}
		})},
		"has a result for no item": {"empty and of one", testBatchPutter, batchesWith(
			func(f flawed, ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
				return append(f.Store.PutBatch(ctx, items), make([]tranship.PutResult, max(1-len(items), 0))...)
			})},
		"gives the files of a batch their size for a version": {"replaces", testBatchPutter, batchesWith(
			func(f flawed, ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
				results := f.Store.PutBatch(ctx, items)
				for i := range results {
					results[i].File.Version = fmt.Sprint(results[i].File.Size)
				}
				return results
			})},
		"puts no more than 500 items": {"many", testBatchPutter, batchesWith(
			func(f flawed, ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
				return append(f.Store.PutBatch(ctx, items[:min(len(items), 500)]), make([]tranship.PutResult, max(len(items)-500, 0))...)
			})},
		"ends a batch at the first failure": {"failures", testBatchPutter, batchesWith(
			func(f flawed, ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
				results := make([]tranship.PutResult, len(items))
				var failed error
				for i, item := range items {
					if failed == nil {
						results[i].File, failed = f.Store.Put(ctx, item.Spec, item.Data)
					}
					results[i].Err = failed
				}
				return results
			})},
		"takes any checksum in a batch":      {"failures", testBatchPutter, eachPut(func(item *tranship.PutItem) { item.Spec.CRC32C = nil })},
		"takes any size in a batch":          {"failures", testBatchPutter, eachPut(func(item *tranship.PutItem) { item.Spec.Size = nil })},
		"ignores preconditions in a batch":   {"failures", testBatchPutter, eachPut(func(item *tranship.PutItem) { item.Spec.Precondition = tranship.Precondition{} })},
		"cuts large items":                   {"too large items", testBatchPutter, eachPut(func(item *tranship.PutItem) { item.Data = item.Data[:min(len(item.Data), tranship.MaxPutBytes)] })},
		"refuses all of too much":            {"too much together", testBatchPutter, batchesWith(refusesLarge(false))},
		"stores what it refuses as too much": {"too much together", testBatchPutter, batchesWith(refusesLarge(true))},
		"puts one path twice at once": {"one path twice", testBatchPutter, batchesWith(
			func(f flawed, ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
				items = slices.Clone(items)
				for i := range items {
					for j := range items[:i] {
						if items[i].Spec.Path == items[j].Spec.Path { // it was checked before the first was stored
							items[i].Spec.Precondition = tranship.Precondition{}
						}
					}
				}
				return f.Store.PutBatch(ctx, items)
			})},
		"keeps the data of a batch": {"items are the caller's", testBatchPutter, func(f flawed) flawed {
			var kept []tranship.PutItem
			f.putBatch = func(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
				kept = append(kept, items...)
				return f.Store.PutBatch(ctx, items)
			}
			f.open = func(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
				f.Store.PutBatch(ctx, kept)
				return f.Store.Open(ctx, path, options)
			}
			return f
		}},
		"changes the items of a batch": {"items are the caller's", testBatchPutter, batchesWith(
			func(f flawed, ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
				for i := range items {
					items[i].Spec.Owner = "caller"
				}
				return f.Store.PutBatch(ctx, items)
			})},
		"puts batches in a context that has ended": {"context", testBatchPutter, batchesWith(
			func(f flawed, ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
				return f.Store.PutBatch(context.WithoutCancel(ctx), items)
			})},
		"refuses the paths of another batch": {"concurrent", testBatchPutter, func(f flawed) flawed {
			wait := pair()
			var mu sync.Mutex
			busy := make(map[string]bool)
			f.putBatch = func(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
				wait()
				mu.Lock()
				defer mu.Unlock()
				results := make([]tranship.PutResult, len(items))
				for i, item := range items {
					if busy[item.Spec.Path] {
						results[i].Err = tranship.ErrUnavailable
						continue
					}
					busy[item.Spec.Path] = true
					results[i].File, results[i].Err = f.Store.Put(ctx, item.Spec, item.Data)
				}
				return results
			}
			return f
		}},
		"checks preconditions before others put": {"must not exist, concurrent", testBatchPutter, func(f flawed) flawed {
			wait := pair()
			f.putBatch = func(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
				results := make([]tranship.PutResult, len(items))
				for i, item := range items {
					if _, err := f.Store.Stat(ctx, item.Spec.Path); err == nil {
						results[i].Err = tranship.ErrExists
					}
				}
				wait()
				for i, item := range items {
					if results[i].Err == nil {
						item.Spec.Precondition = tranship.Precondition{}
						results[i].File, results[i].Err = f.Store.Put(ctx, item.Spec, item.Data)
					}
				}
				return results
			}
			return f
		}},
		"counts batches for no account": {"batches", testBatchAccounts, batchesWith(
			func(f flawed, _ context.Context, items []tranship.PutItem) []tranship.PutResult {
				return f.Store.PutBatch(context.Background(), items)
			})},
	}
}

// refusesLarge refuses each item of a batch of too much, which it stores nevertheless if
// stores is set, except for the first ones.
func refusesLarge(stores bool) func(f flawed, ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	return func(f flawed, ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
		total := 0
		for _, item := range items {
			total += len(item.Data)
		}
		if total <= tranship.MaxBatchBytes {
			return f.Store.PutBatch(ctx, items)
		}
		if !stores {
			return slices.Repeat([]tranship.PutResult{{Err: tranship.ErrLimit}}, len(items))
		}
		results := f.Store.PutBatch(ctx, items)
		results[len(items)-1] = tranship.PutResult{Err: tranship.ErrLimit}
		return results
	}
}
