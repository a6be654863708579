package client_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/store/mem"
)

// benchmarkFiles are the files of the benchmarks of small files: many of 4 KiB, in batches
// as large as one stream allows of four callers.
const (
	benchmarkFiles     = 10_000
	benchmarkFileBytes = 4 << 10
	benchmarkBatch     = 64
	benchmarkCallers   = 4
)

func benchmarkPath(i int) string { return fmt.Sprintf("directory/file%05d", i) }

// benchmarkBatches calls move with each batch of paths, from several goroutines.
func benchmarkBatches(b *testing.B, move func(paths []string)) {
	paths := make([]string, benchmarkFiles)
	for i := range paths {
		paths[i] = benchmarkPath(i)
	}
	b.ReportAllocs()
	for b.Loop() {
		batches := make(chan []string)
		var callers sync.WaitGroup
		for range benchmarkCallers {
			callers.Go(func() {
				for batch := range batches {
					move(batch)
				}
			})
		}
		for rest := paths; len(rest) > 0; {
			n := min(benchmarkBatch, len(rest))
			batches <- rest[:n]
			rest = rest[n:]
		}
		close(batches)
		callers.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchmarkFiles), "ns/file")
}

// BenchmarkPut puts small files, those of a batch each from a goroutine of its own.
func BenchmarkPut(b *testing.B) {
	files, data := connect(b, &mem.Store{}, client.Options{}), make([]byte, benchmarkFileBytes)
	benchmarkBatches(b, func(paths []string) {
		var all sync.WaitGroup
		for _, path := range paths {
			all.Go(func() {
				if _, err := files.Put(b.Context(), tranship.Spec{Path: path}, data); err != nil {
					b.Error(err)
				}
			})
		}
		all.Wait()
	})
}

func BenchmarkPutBatch(b *testing.B) {
	files, data := connect(b, &mem.Store{}, client.Options{}), make([]byte, benchmarkFileBytes)
	benchmarkBatches(b, func(paths []string) {
		items := make([]tranship.PutItem, len(paths))
		for i, path := range paths {
			items[i] = tranship.PutItem{Spec: tranship.Spec{Path: path}, Data: data}
		}
		for _, result := range files.PutBatch(b.Context(), items) {
			if result.Err != nil {
				b.Error(result.Err)
			}
		}
	})
}

// BenchmarkFetch fetches small files, those of a batch each in a goroutine of its own.
func BenchmarkFetch(b *testing.B) {
	files := connectWithFiles(b)
	benchmarkBatches(b, func(paths []string) {
		var all sync.WaitGroup
		for _, path := range paths {
			all.Go(func() {
				if _, _, err := files.Fetch(b.Context(), path, benchmarkFileBytes); err != nil {
					b.Error(err)
				}
			})
		}
		all.Wait()
	})
}

func BenchmarkFetchBatch(b *testing.B) {
	files := connectWithFiles(b)
	benchmarkBatches(b, func(paths []string) {
		items := make([]tranship.FetchItem, len(paths))
		for i, path := range paths {
			items[i] = tranship.FetchItem{Path: path, Size: benchmarkFileBytes}
		}
		for _, result := range files.FetchBatch(b.Context(), items) {
			if result.Err != nil {
				b.Error(result.Err)
			}
		}
	})
}

// connectWithFiles returns a client of a server with the files of the benchmarks.
func connectWithFiles(b *testing.B) *client.Client {
	b.Helper()
	store, data := &mem.Store{}, make([]byte, benchmarkFileBytes)
	for i := range benchmarkFiles {
		if _, err := store.Put(b.Context(), tranship.Spec{Path: benchmarkPath(i)}, data); err != nil {
			b.Fatal(err)
		}
	}
	return connect(b, store, client.Options{})
}
