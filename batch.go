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
// a lower cost than a Put for each.
type BatchPutter interface {
	// PutBatch stores each item as Writer.Put would. It returns one result for each item, in
	// their order. The items are independent: one that fails has no effect on the others, and
	// they may be stored in any order and become visible one by one. No two items may have the
	// same path, and their data must be at most MaxBatchBytes together. PutBatch does not keep
	// the data of an item after it returns. It is safe for concurrent use.
	PutBatch(ctx context.Context, items []PutItem) []PutResult
}

// FetchItem is one file of a BatchFetcher.FetchBatch. Its fields are the parameters of
// Fetcher.Fetch.
type FetchItem struct {
	Path string
	Size int64
}

// FetchResult is the outcome of one FetchItem: what Fetcher.Fetch would have returned.
type FetchResult struct {
	File File
	Data []byte
	Err  error
}

// BatchFetcher is an ability of a Store, or of another Reader: it returns many small files at
// a lower cost than a Fetch for each.
type BatchFetcher interface {
	// FetchBatch fetches each item as Fetcher.Fetch would. It returns one result for each item,
	// in their order. The items are independent: one that fails has no effect on the others.
	// Their sizes must be at most MaxBatchBytes together. The caller owns the data, which may
	// share memory. FetchBatch is safe for concurrent use.
	FetchBatch(ctx context.Context, items []FetchItem) []FetchResult
}

// MaxBatchBytes is the most content that a batch of small files may have, in bytes: that of
// the largest single file.
const MaxBatchBytes = MaxPutBytes

// PutBatch stores each item in destination, as BatchPutter.PutBatch does: with the BatchPutter
// of destination if it has one, and otherwise with one Put after the other.
func PutBatch(ctx context.Context, destination Writer, items []PutItem) []PutResult {
	if batcher, ok := As[BatchPutter](destination); ok {
		return batcher.PutBatch(ctx, items)
	}
	results := make([]PutResult, len(items))
	for i, item := range items {
		results[i].File, results[i].Err = destination.Put(ctx, item.Spec, item.Data)
	}
	return results
}

// FetchBatch fetches each item from source, as BatchFetcher.FetchBatch does: with the
// BatchFetcher of source if it has one, and otherwise with one Fetch after the other.
func FetchBatch(ctx context.Context, source Reader, items []FetchItem) []FetchResult {
	if batcher, ok := As[BatchFetcher](source); ok {
		return batcher.FetchBatch(ctx, items)
	}
	results := make([]FetchResult, len(items))
	for i, item := range items {
		results[i].File, results[i].Data, results[i].Err = Fetch(ctx, source, item.Path, item.Size)
	}
	return results
}
