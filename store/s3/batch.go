package s3

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

const (
	// parallel is how many requests one batch or list makes at once.
	parallel = 32
	// allParallel is how many all batches and lists of a store make at once, and puts of small
	// files. More would need more connections than are kept.
	allParallel = 128
)

var (
	_ tranship.BatchPutter  = (*Store)(nil)
	_ tranship.BatchFetcher = (*Store)(nil)
	_ tranship.Fetcher      = (*Store)(nil)
)

// PutBatch implements tranship.BatchPutter. It stores the files at once, each with a request.
func (s *Store) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	results := make([]tranship.PutResult, len(items))
	inParallel(len(items), func(i int) {
		results[i].File, results[i].Err = s.Put(ctx, items[i].Spec, items[i].Data)
	})
	return results
}

// FetchBatch implements tranship.BatchFetcher. It fetches the files at once.
func (s *Store) FetchBatch(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
	results := make([]tranship.FetchResult, len(items))
	s.requests(ctx, len(items), func(i int) {
		results[i].File, results[i].Data, results[i].Err = s.Fetch(ctx, items[i].Path, items[i].Size)
	})
	return results
}

// inParallel calls do with 0 to n-1, some of them at once.
func inParallel(n int, do func(i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(n, parallel) {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	group.Wait()
}

// request calls do, which makes a request, when fewer than allParallel such calls are at work. do must
// wait for nothing but the engine, and fail once the context has ended.
func (s *Store) request(ctx context.Context, do func()) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
	}
	do()
}

// requests calls do with 0 to n-1, some of them at once, each as request does.
func (s *Store) requests(ctx context.Context, n int, do func(i int)) {
	inParallel(n, func(i int) { s.request(ctx, func() { do(i) }) })
}

// Fetch implements tranship.Fetcher.
func (s *Store) Fetch(ctx context.Context, path string, size int64) (tranship.File, []byte, error) {
	if size < 0 || size > tranship.MaxPutBytes {
		return tranship.File{}, nil, failure.FetchTooLarge(max(size, 0))
	}
	opened, err := s.Open(ctx, path, tranship.OpenOptions{})
	if err != nil {
		return tranship.File{}, nil, err
	}
	defer func() { _ = opened.Close() }() // it was only read from
	file := opened.File()
	if file.Size != size {
		return file, nil, nil
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(opened, data); err != nil {
		return tranship.File{}, nil, err
	}
	if _, err := opened.Read(make([]byte, 1)); err != io.EOF { // it verifies the checksum
		return tranship.File{}, nil, err
	}
	return file, data, nil
}
