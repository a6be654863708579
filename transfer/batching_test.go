package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/silence"
	"github.com/tranship/tranship/store/mem"
)

// batching is a store with batches that can be told to fail. A hook that is nil changes
// nothing. Hooks are called by several goroutines.
type batching struct {
	*mem.Store
	fetch func(ctx context.Context, items []tranship.FetchItem, results []tranship.FetchResult) []tranship.FetchResult
	put   func(items []tranship.PutItem, results []tranship.PutResult) []tranship.PutResult

	mu              sync.Mutex
	inFlight, most  int
	fetched, stored []int // the sizes of the batches
}

func (b *batching) FetchBatch(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
	b.mu.Lock()
	b.fetched = append(b.fetched, len(items))
	b.inFlight += len(items)
	b.most = max(b.most, b.inFlight)
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.inFlight -= len(items)
	}()
	results := b.Store.FetchBatch(ctx, items)
	if b.fetch != nil {
		return b.fetch(ctx, items, results)
	}
	return results
}

func (b *batching) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	b.mu.Lock()
	b.stored = append(b.stored, len(items))
	b.mu.Unlock()
	results := b.Store.PutBatch(ctx, items)
	if b.put != nil {
		return b.put(items, results)
	}
	return results
}

var smallTime = time.Date(2024, 2, 29, 12, 34, 56, 789012000, time.UTC)

// smallFiles returns a source with n small files, and the items to copy them.
func smallFiles(t *testing.T, n int) (*batching, []Item) {
	t.Helper()
	source := &batching{Store: &mem.Store{}}
	items := make([]Item, n)
	for i := range items {
		path := fmt.Sprint("f", i)
		file, err := source.Put(t.Context(), tranship.Spec{Path: path, Attributes: tranship.Attributes{ModTime: &smallTime}}, bytes.Repeat([]byte(path), 100))
		if err != nil {
			t.Fatal(err)
		}
		items[i] = Item{Source: source, SourcePath: path, Path: path, File: file}
	}
	return source, items
}

// sequence returns a sequence of items, and a channel that is closed when it has ended.
func sequence(items []Item) (iter.Seq2[Item, error], <-chan struct{}) {
	ended := make(chan struct{})
	return func(yield func(Item, error) bool) {
		defer close(ended)
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}, ended
}

// TestCopyInBatches copies many small files that are listed before the first is read, and
// checks that batches are full, that no more files than Options.Files are in flight, and that
// each file is reported once.
func TestCopyInBatches(t *testing.T) {
	const count = 1000
	source, list := smallFiles(t, count)
	destination := &batching{Store: &mem.Store{}}
	items, listed := sequence(list)
	source.fetch = func(_ context.Context, _ []tranship.FetchItem, results []tranship.FetchResult) []tranship.FetchResult {
		<-listed
		return results
	}
	progress := &Progress{}
	reported := map[string]int{}
	err := Copy(t.Context(), destination, items, Options{Files: 40, Progress: progress, Report: func(r Result) {
		reported[r.Path]++
		if r.Err != nil || r.Attempts != 1 || r.SentBytes != r.Size || r.CRC32C == nil || r.Version == "" {
			t.Errorf("%+v", r)
		}
	}})
	if err != nil || len(reported) != count {
		t.Fatalf("%d files, %v", len(reported), err)
	}
	for _, item := range list {
		_, got, err := tranship.Fetch(t.Context(), destination.Store, item.Path, item.File.Size)
		if err != nil || !bytes.Equal(got, bytes.Repeat([]byte(item.Path), 100)) || reported[item.Path] != 1 {
			t.Errorf("%s: %d bytes, %v", item.Path, len(got), err)
		}
	}
	// The first batch of each worker may have been begun while the list was short.
	if most := count/10 + 2*batchWorkers; len(source.fetched) > most || len(destination.stored) > most || source.most > 40 {
		t.Errorf("%d reads, %d writes, %d files in flight", len(source.fetched), len(destination.stored), source.most)
	}
	if c := progress.Count(); c.FilesDone != count || c.BytesDone != c.Bytes || c.Read != c.Bytes || c.Durable != c.Bytes || len(progress.InFlight()) != 0 {
		t.Errorf("%+v", c)
	}
}

// TestFailuresInBatches checks that a file of a batch that fails is tried again by itself, if
// that may help, and that the others are copied.
func TestFailuresInBatches(t *testing.T) {
	gone := fmt.Errorf("%w: gone", tranship.ErrUnavailable)
	for name, test := range map[string]struct {
		fetch    tranship.FetchResult
		put      tranship.PutResult
		change   func(item *Item)
		options  Options
		attempts int
		err      error
	}{
		"read again":        {fetch: tranship.FetchResult{Err: gone}, attempts: 2},
		"stored again":      {put: tranship.PutResult{Err: gone}, attempts: 2},
		"one attempt":       {put: tranship.PutResult{Err: gone}, options: Options{Attempts: 1}, attempts: 1, err: tranship.ErrUnavailable},
		"refused":           {put: tranship.PutResult{Err: tranship.ErrDenied}, attempts: 1, err: tranship.ErrDenied},
		"another size":      {change: func(item *Item) { item.File.Size++ }, attempts: 1},
		"of another size":   {put: tranship.PutResult{File: tranship.File{Size: 1}}, attempts: 1, err: tranship.ErrIntegrity},
		"time refused":      {put: tranship.PutResult{Err: &tranship.InvalidError{Field: "attributes.modified_time"}}, attempts: 1},
		"missing":           {change: func(item *Item) { item.SourcePath = "none" }, attempts: 1, err: tranship.ErrNotFound},
		"no path":           {change: func(item *Item) { item.Path = "../f7" }, attempts: 0, err: tranship.ErrInvalid},
		"wrong digest":      {change: func(item *Item) { item.Digest = &Digest{SHA256, make([]byte, 32)} }, attempts: 1, err: tranship.ErrIntegrity},
		"damaged":           {fetch: tranship.FetchResult{File: tranship.File{Size: 200, CRC32C: new(uint32)}, Data: make([]byte, 200)}, attempts: 1, err: tranship.ErrIntegrity},
		"shorter than said": {fetch: tranship.FetchResult{File: tranship.File{Size: 200}, Data: make([]byte, 199)}, attempts: 1, err: ErrChanged},
		"already there":     {options: Options{Existing: existing}, attempts: 0},
		"unknown if there":  {options: Options{Existing: unknown(gone)}, attempts: 2},
	} {
		t.Run(name, func(t *testing.T) {
			source, list := smallFiles(t, 20)
			if test.change != nil {
				test.change(&list[7])
			}
			destination := &batching{Store: &mem.Store{}}
			source.fetch = func(_ context.Context, items []tranship.FetchItem, results []tranship.FetchResult) []tranship.FetchResult {
				for i, item := range items {
					if item.Path == "f7" && (test.fetch.Err != nil || test.fetch.Data != nil) {
						results[i] = test.fetch
					}
				}
				return results
			}
			destination.put = func(items []tranship.PutItem, results []tranship.PutResult) []tranship.PutResult {
				for i, item := range items {
					if item.Spec.Path == "f7" && (test.put.Err != nil || test.put.File.Size != 0) {
						results[i] = test.put
					}
				}
				return results
			}
			var got Result
			reports, failures := 0, 0
			test.options.Report = func(r Result) {
				reports++
				if r.SourcePath == list[7].SourcePath {
					got = r
				} else if r.Err != nil {
					failures++
				}
			}
			items, _ := sequence(list)
			err := Copy(t.Context(), destination, items, test.options)
			if (err != nil) != (test.err != nil) || reports != 20 || failures != 0 {
				t.Errorf("%v, %d reports, %d failures of others", err, reports, failures)
			}
			if !errors.Is(got.Err, test.err) || got.Attempts != test.attempts {
				t.Errorf("%+v, want %d attempts and %v", got, test.attempts, test.err)
			}
			if lost := name == "time refused"; got.TimeLost != lost {
				t.Errorf("TimeLost is %v", got.TimeLost)
			}
		})
	}
}

// existing finds f7 at the destination, as smallFiles has made it.
func existing(_ context.Context, path string) (tranship.File, error) {
	if path != "f7" {
		return tranship.File{}, tranship.ErrNotFound
	}
	return tranship.File{Size: 200, ModTime: smallTime}, nil
}

// unknown returns an Options.Existing that fails once for f7.
func unknown(err error) func(context.Context, string) (tranship.File, error) {
	var once sync.Once
	return func(_ context.Context, path string) (_ tranship.File, failed error) {
		failed = tranship.ErrNotFound
		if path == "f7" {
			once.Do(func() { failed = err })
		}
		return tranship.File{}, failed
	}
}

// TestBrokenBatches checks that files are copied also if a store returns too few results.
func TestBrokenBatches(t *testing.T) {
	for _, end := range []string{"source", "destination"} {
		source, list := smallFiles(t, 20)
		destination := &batching{Store: &mem.Store{}}
		if end == "source" {
			source.fetch = func(context.Context, []tranship.FetchItem, []tranship.FetchResult) []tranship.FetchResult { return nil }
		} else {
			destination.put = func([]tranship.PutItem, []tranship.PutResult) []tranship.PutResult { return nil }
		}
		items, _ := sequence(list)
		if err := Copy(t.Context(), destination, items, Options{}); err != nil || len(paths(t, destination)) != 20 {
			t.Errorf("%s: %v", end, err)
		}
	}
}

// TestStalledBatch checks that a batch that stalls fails after the timeout of its bytes, and
// that its files are tried again.
func TestStalledBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, list := smallFiles(t, 20)
		source.fetch = func(ctx context.Context, _ []tranship.FetchItem, results []tranship.FetchResult) []tranship.FetchResult {
			<-ctx.Done()
			for i := range results {
				results[i] = tranship.FetchResult{Err: ctx.Err()}
			}
			return results
		}
		var mu sync.Mutex
		retries := 0
		begun := time.Now()
		items, _ := sequence(list)
		err := Copy(t.Context(), &batching{Store: &mem.Store{}}, items, Options{StallTimeout: time.Minute, Patience: time.Hour, Events: func(e Event) {
			mu.Lock()
			defer mu.Unlock()
			if e.Kind != EventRetry {
				return
			}
			retries++
			if stalled, ok := errors.AsType[*silence.Error](e.Err); !ok || stalled.Timeout < time.Minute || stalled.Timeout > 2*time.Minute {
				t.Errorf("retry after %v", e.Err)
			}
		}})
		if err != nil || retries != 20 || time.Since(begun) > 3*time.Minute {
			t.Errorf("%v, %d retries in %v", err, retries, time.Since(begun))
		}
	})
}

// TestStoppedBatch checks that files of a batch that is cancelled are reported as stopped.
func TestStoppedBatch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	source, list := smallFiles(t, 20)
	source.fetch = func(ctx context.Context, _ []tranship.FetchItem, results []tranship.FetchResult) []tranship.FetchResult {
		cancel()
		<-ctx.Done()
		for i := range results {
			results[i] = tranship.FetchResult{Err: ctx.Err()}
		}
		return results
	}
	items, _ := sequence(list)
	reports := 0
	err := Copy(ctx, &batching{Store: &mem.Store{}}, items, Options{Report: func(r Result) {
		reports++
		if !errors.Is(r.Err, ErrStopped) || !errors.Is(r.Err, context.Canceled) {
			t.Errorf("%+v", r)
		}
	}})
	if !errors.Is(err, context.Canceled) || reports == 0 {
		t.Errorf("%v, %d reports", err, reports)
	}
}
