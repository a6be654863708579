package tranship

import "context"

// PutItem is one file of a BatchPutter.PutBatch. Its fields are the parameters of Writer.Put.
type PutItem struct {
	Spec Spec
	Data []byte
}

// PutResult is the outcome of one PutItem: what Writer.Put would have returned.
type PutResult struct {
	File File
	Err  error
}

// BatchPutter is an ability of a Store, or of another Writer: it stores many small files at
// a lower cost than a Put for each. A type that embeds the concrete type of a store and
// replaces its Put must replace its PutBatch as well, or embed the interface Store.
type BatchPutter interface {
	// PutBatch stores each item as Writer.Put would. It returns one result for each item, in
	// their order. The items are independent: one that fails has no effect on the others, and
	// they may be stored in any order and become visible one by one. PutBatch does not keep
	// the data of an item after it returns. It is safe for concurrent use.
	//
	// The data of the items should be at most MaxBatchBytes together. PutBatch may return
	// ErrLimit for items beyond that, except for the first item, and stores the others. Items
	// should have different paths: of those with the same path, it is unspecified which is
	// stored last.
	PutBatch(ctx context.Context, items []PutItem) []PutResult
}

// FetchItem is one file of a BatchFetcher.FetchBatch. Path and Size are the parameters of
// Fetcher.Fetch.
type FetchItem struct {
	Path string
	Size int64
	// Buffer is memory in which FetchBatch may return the data, so that a caller can use the
	// same memory for many batches; nil if there is none. Some stores use it only if it is at
	// least one byte longer than Size. The buffers of a batch must not overlap. The caller must
	// not use a buffer before FetchBatch has returned, and FetchBatch does not use it after
	// that.
	Buffer []byte
}

// FetchResult is the outcome of one FetchItem: what Fetcher.Fetch would have returned.
type FetchResult struct {
	File File
	Data []byte
	Err  error
}

// BatchFetcher is an ability of a Store, or of another Reader: it returns many small files at
// a lower cost than a Fetch for each. A type that embeds the concrete type of a store and
// replaces its Open or Fetch must replace its FetchBatch as well, or embed the interface Store.
type BatchFetcher interface {
	// FetchBatch fetches each item as Fetcher.Fetch would. It returns one result for each item,
	// in their order. The items are independent: one that fails has no effect on the others.
	// The caller owns the data. The data of several results may be parts of one buffer, but
	// no two overlap, also not by appending to them. The data of an item with a Buffer may be
	// the beginning of that. FetchBatch is safe for concurrent use.
	//
	// The sizes of the items should be at most MaxBatchBytes together. FetchBatch may return
	// ErrLimit for items beyond that, except for the first item, and fetches the others.
	FetchBatch(ctx context.Context, items []FetchItem) []FetchResult
}

// MaxBatchBytes is the most content that every BatchPutter and BatchFetcher takes in one
// batch, in bytes: that of the largest single file. So a batch needs no more memory than a
// single file does.
const MaxBatchBytes = MaxPutBytes

// PutBatch stores each item in destination, as BatchPutter.PutBatch does: with the BatchPutter
// of destination if it has one, and otherwise with one Put after the other. Items of more than
// MaxBatchBytes together go to the BatchPutter in several batches, one after the other.
func PutBatch(ctx context.Context, destination Writer, items []PutItem) []PutResult {
	if batcher, ok := As[BatchPutter](destination); ok {
		return inBatches(items,
			func(item PutItem) int64 { return int64(len(item.Data)) },
			func(some []PutItem) []PutResult { return batcher.PutBatch(ctx, some) })
	}
	results := make([]PutResult, len(items))
	for i, item := range items {
		results[i].File, results[i].Err = destination.Put(ctx, item.Spec, item.Data)
	}
	return results
}

// FetchBatch fetches each item from source, as BatchFetcher.FetchBatch does: with the
// BatchFetcher of source if it has one, and otherwise with one Fetch after the other. Items of
// more than MaxBatchBytes together go to the BatchFetcher in several batches, one after the
// other; the caller bounds the memory of the results.
func FetchBatch(ctx context.Context, source Reader, items []FetchItem) []FetchResult {
	if batcher, ok := As[BatchFetcher](source); ok {
		return inBatches(items,
			func(item FetchItem) int64 { return max(item.Size, 0) },
			func(some []FetchItem) []FetchResult { return batcher.FetchBatch(ctx, some) })
	}
	results := make([]FetchResult, len(items))
	for i, item := range items {
		results[i].File, results[i].Data, results[i].Err = Fetch(ctx, source, item.Path, item.Size)
	}
	return results
}

// inBatches calls do with all items, in batches of at most MaxBatchBytes. An item that is
// larger is a batch of its own, which fails. It returns the results in the order of the items.
func inBatches[Item, Result any](items []Item, size func(Item) int64, do func([]Item) []Result) []Result {
	var results []Result // of earlier batches; nil if one batch is enough
	first, total := 0, int64(0)
	for i, item := range items {
		n := min(size(item), MaxBatchBytes+1) // no sum overflows
		if total += n; total > MaxBatchBytes && i > first {
			results = append(results, do(items[first:i])...)
			first, total = i, n
		}
	}
	last := items[first:]
	switch {
	case len(last) == 0:
		return results
	case results == nil:
		return do(last)
	}
	return append(results, do(last)...)
}
