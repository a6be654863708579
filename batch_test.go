package tranship_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// batcher is a store with batches, whose sizes it records.
type batcher struct {
	tranship.Store
	put, fetched [][]int64
}

func (b *batcher) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	var sizes []int64
	for _, item := range items {
		sizes = append(sizes, int64(len(item.Data)))
	}
	b.put = append(b.put, sizes)
	return tranship.PutBatch(ctx, b.Store, items)
}

func (b *batcher) FetchBatch(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
	var sizes []int64
	for _, item := range items {
		sizes = append(sizes, item.Size)
	}
	b.fetched = append(b.fetched, sizes)
	return tranship.FetchBatch(ctx, b.Store, items)
}

// unbatched is a store without abilities.
func unbatched() tranship.Store { return struct{ tranship.Store }{&mem.Store{}} }

// putAndFetch puts a file of each size and fetches it.
func putAndFetch(t *testing.T, store tranship.Store, sizes ...int64) ([]tranship.PutResult, []tranship.FetchResult) {
	t.Helper()
	puts := make([]tranship.PutItem, len(sizes))
	fetches := make([]tranship.FetchItem, len(sizes))
	for i, size := range sizes {
		path := fmt.Sprint("d/", i)
		puts[i] = tranship.PutItem{Spec: tranship.Spec{Path: path}, Data: slices.Repeat([]byte{byte(i)}, int(size))}
		fetches[i] = tranship.FetchItem{Path: path, Size: size}
	}
	return tranship.PutBatch(t.Context(), store, puts), tranship.FetchBatch(t.Context(), store, fetches)
}

// TestBatches checks that batches have the results of single calls, and how they are divided.
func TestBatches(t *testing.T) {
	const most = tranship.MaxBatchBytes
	for _, test := range []struct{ sizes, batches []int64 }{
		{nil, nil},
		{[]int64{4}, []int64{1}},
		{[]int64{0, 0, 0}, []int64{3}},
		{[]int64{most}, []int64{1}},
		{[]int64{most - 1, 1, 0}, []int64{3}},
		{[]int64{most, 1}, []int64{1, 1}},
		{[]int64{1, most, 0, 1}, []int64{1, 2, 1}},
		{[]int64{1, most + 1, 1, 2}, []int64{1, 1, 2}},
		{[]int64{most / 2, most / 2, most / 2, 3}, []int64{2, 2}},
	} {
		able := &batcher{Store: unbatched()}
		for _, store := range []tranship.Store{unbatched(), &mem.Store{}, able} {
			puts, fetches := putAndFetch(t, store, test.sizes...)
			if len(puts) != len(test.sizes) || len(fetches) != len(test.sizes) {
				t.Fatalf("%T has %d and %d results for %d items", store, len(puts), len(fetches), len(test.sizes))
			}
			for i, size := range test.sizes {
				put, fetched, path := puts[i], fetches[i], fmt.Sprint("d/", i)
				if size > most {
					if !errors.Is(put.Err, tranship.ErrLimit) || !errors.Is(fetched.Err, tranship.ErrLimit) {
						t.Errorf("%T took %d bytes: %v, %v", store, size, put.Err, fetched.Err)
					}
					continue
				}
				if put.Err != nil || put.File.Path != path || put.File.Size != size {
					t.Errorf("%T: the put of %d bytes is %+v, %v", store, size, put.File, put.Err)
				}
				if fetched.Err != nil || fetched.File.Version != put.File.Version || int64(len(fetched.Data)) != size {
					t.Errorf("%T: the fetch of %d bytes is %+v, %d bytes, %v", store, size, fetched.File, len(fetched.Data), fetched.Err)
				}
			}
		}
		for _, batches := range [][][]int64{able.put, able.fetched} {
			var counts []int64
			for _, batch := range batches {
				counts = append(counts, int64(len(batch)))
			}
			if !slices.Equal(counts, test.batches) || !slices.Equal(slices.Concat(batches...), test.sizes) {
				t.Errorf("%v were passed on as %v, want batches of %v", test.sizes, batches, test.batches)
			}
		}
	}
}

// TestFetchBatchAnySizes checks that sizes that cannot be those of a file neither overflow the
// sum nor stop the others.
func TestFetchBatchAnySizes(t *testing.T) {
	store := &batcher{Store: unbatched()}
	if _, err := store.Put(t.Context(), tranship.Spec{Path: "file"}, []byte("data")); err != nil {
		t.Fatal(err)
	}
	var items []tranship.FetchItem
	for _, size := range []int64{-1, 4, math.MaxInt64, math.MaxInt64, math.MinInt64, 4} {
		items = append(items, tranship.FetchItem{Path: "file", Size: size})
	}
	for i, result := range tranship.FetchBatch(t.Context(), store, items) {
		if items[i].Size == 4 {
			if result.Err != nil || string(result.Data) != "data" {
				t.Errorf("the result is %q, %v", result.Data, result.Err)
			}
		} else if !errors.Is(result.Err, tranship.ErrLimit) {
			t.Errorf("a fetch of %d bytes: %v, want ErrLimit", items[i].Size, result.Err)
		}
	}
	if len(store.fetched) != 4 {
		t.Errorf("the batches are %v", store.fetched)
	}
}
