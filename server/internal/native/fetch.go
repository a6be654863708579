package native

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/batch"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

const (
	// fetchWorkers is how many batches of fetches of one stream are read at once, and
	// fetchesABatch how many fetches a batch has at most.
	fetchWorkers  = 4
	fetchesABatch = 64
)

// fetch is a slot of a file that is read as a whole, together with others.
type fetch struct {
	open *transhipv1.Open

	// The stream's mu protects the fields below. batch is the batch that has the fetch; nil
	// while it waits. cancelled means that the client has given up the slot, and answered
	// that it has, or is about to have, its terminal reply.
	batch               *fetchBatch
	cancelled, answered bool
}

func (f *fetch) batchPath() string { return "" }
func (f *fetch) batchBytes() int64 { return f.open.GetLength() }

// fetchBatch is a batch that is being read. The stream's mu protects wanted, the number of
// its fetches that the client has not given up. cancel ends the batch.
type fetchBatch struct {
	wanted int
	cancel context.CancelFunc
}

// isFetch reports whether an open asks for what FetchBatch returns if the file has the length
// that it asks for.
func isFetch(open *transhipv1.Open) bool {
	return open.Length != nil && open.GetLength() >= 0 && open.GetLength() <= tranship.MaxPutBytes &&
		open.GetOffset() == 0 && open.GetVersion() == "" && !open.GetAcceptZeros()
}

// newFetches returns what answers the fetches of the stream; nil if the store has no
// BatchFetcher.
func (d *downloadStream) newFetches() *batcher[*fetch] {
	if _, ok := tranship.As[tranship.BatchFetcher](d.service.store); !ok {
		return nil
	}
	return newBatcher(fetchWorkers, fetchesABatch, tranship.MaxBatchBytes, d.fetchAll)
}

// fetch makes a fetch wait for its batch.
func (d *downloadStream) fetch(open *transhipv1.Open) {
	f := &fetch{open: open}
	d.mu.Lock()
	d.fetching[open.GetSlot()] = f
	d.mu.Unlock()
	d.fetches.add(f)
}

// cancelFetch gives up a fetch. If it still waits for its batch, it is answered at once.
func (d *downloadStream) cancelFetch(f *fetch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case f.cancelled || f.answered:
	case f.batch == nil:
		f.answered = true
		delete(d.fetching, f.open.GetSlot())
		go func() {
			defer d.unanswered.Release(1)
			d.end(f.open, time.Now(), 0, errCancelled)
		}()
	default:
		f.cancelled = true
		if f.batch.wanted--; f.batch.wanted == 0 {
			f.batch.cancel()
		}
	}
}

// fetchAll answers the fetches of a batch.
func (d *downloadStream) fetchAll(fetches []*fetch) {
	start := time.Now()
	ctx, cancel := context.WithCancel(d.ctx)
	defer cancel()
	ending := &fetchBatch{cancel: cancel}
	items := make([]tranship.FetchItem, 0, len(fetches))
	wanted, bytes := make([]*fetch, 0, len(fetches)), int64(0)
	d.mu.Lock()
	for _, f := range fetches {
		if !f.answered {
			f.batch = ending
			wanted, items = append(wanted, f), append(items, tranship.FetchItem{Path: f.open.GetPath(), Size: f.open.GetLength()})
			bytes += f.batchBytes()
		}
	}
	ending.wanted = len(wanted)
	d.mu.Unlock()
	if len(wanted) == 0 {
		return
	}
	// A batch takes the places of as many files as its bytes would need chunks.
	places := max((bytes+downloadChunk-1)/downloadChunk, 1)
	err := d.workers.Acquire(ctx, places)
	if err == nil {
		defer d.workers.Release(places)
	}
	var results []tranship.FetchResult
	watched, refused := d.service.watch(ctx)
	var lent *[]byte
	if err == nil {
		// The replies of larger files refer to their data after they were sent.
		batch.Lend(items, encodedFile, func(length int) []byte {
			lent = d.buffers.Get(length)
			return *lent
		})
		results, err = d.fetchItems(watched, items)
	}
	if err != nil {
		lent = nil // a store that panicked may still use it
		results = slices.Repeat([]tranship.FetchResult{{Err: err}}, len(wanted))
	}
	d.answerAll(wanted, results, start, refused)
	if lent != nil {
		d.buffers.Put(lent)
	}
}

// fetchItems returns a result for each item, or an error for all.
func (d *downloadStream) fetchItems(ctx context.Context, items []tranship.FetchItem) (results []tranship.FetchResult, err error) {
	defer d.service.recovered(ctx, "download", &err)
	results = tranship.FetchBatch(ctx, d.service.store, items)
	if len(results) != len(items) {
		return nil, fmt.Errorf("the store returned %d results for a batch of %d files", len(results), len(items))
	}
	return results, nil
}
