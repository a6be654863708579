package storetest

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tranship/tranship"
)

// putBatchConcurrent puts batches with the same paths in different orders at once.
func putBatchConcurrent(f fixture) {
	batcher := ability[tranship.BatchPutter](f, f.store)
	const count = 24
	data := func(racer, i int) []byte { return content(byte(racer), int64(100+i)) }
	for range 5 {
		errs := together(racers, func(racer int) error {
			items := make([]tranship.PutItem, count)
			for i := range items {
				n := (i*(2*racer+1) + racer) % count // each order is another
				if racer%2 == 0 {
					n = (i + racer) % count
				}
				items[i] = written(fmt.Sprintf("%d/%d", n%3, n), data(racer, n))
			}
			var errs []error
			for _, result := range batcher.PutBatch(f.Context(), items) {
				errs = append(errs, result.Err)
			}
			return errors.Join(errs...)
		})
		if err := errors.Join(errs...); err != nil {
			f.Fatalf("PutBatch beside others with the same paths: %v", err)
		}
	}
	for i := range count {
		path := fmt.Sprintf("%d/%d", i%3, i)
		_, got := f.read(path, tranship.OpenOptions{})
		racer := 0
		for racer < racers && !bytes.Equal(got, data(racer, i)) {
			racer++
		}
		if racer == racers {
			f.Fatalf("%s has %d bytes that are of no batch", path, len(got))
		}
		f.has(path, data(racer, i))
	}
}

// putBatchRace creates the same files with batches at once: each file by one of them.
func putBatchRace(f fixture) {
	batcher := ability[tranship.BatchPutter](f, f.store)
	for round := range 5 {
		var items []tranship.PutItem
		for i := range 6 {
			items = append(items, tranship.PutItem{Spec: tranship.Spec{Path: fmt.Sprintf("%d/%d", round, i), Precondition: mustNotExist()}})
		}
		results := make([][]tranship.PutResult, racers)
		together(racers, func(racer int) error {
			own := make([]tranship.PutItem, len(items))
			for i, item := range items {
				own[i] = tranship.PutItem{Spec: item.Spec, Data: []byte{byte(racer)}}
			}
			results[racer] = batcher.PutBatch(f.Context(), own)
			return nil
		})
		for i, item := range items {
			errs := make([]error, racers)
			for racer := range errs {
				errs[racer] = results[racer][i].Err
			}
			winner := f.onlyWinner(errs, tranship.ErrExists)
			f.sameFile(f.has(item.Spec.Path, []byte{byte(winner)}), results[winner][i].File)
		}
	}
}

// fetchBatchWhole fetches files while they are replaced. Description and data must be of one
// version.
func fetchBatchWhole(f fixture) {
	batcher := ability[tranship.BatchFetcher](f, f.store)
	const count, size, versions = 8, 1000, 30
	items := make([]tranship.FetchItem, count)
	sums := make([]map[string]uint32, count) // by version
	put := func(seed byte) {
		for i, item := range items {
			data := content(seed, size)
			sums[i][f.put(item.Path, data).Version] = tranship.CRC32C(data)
		}
	}
	for i := range items {
		items[i] = tranship.FetchItem{Path: fmt.Sprint("d/", i), Size: size}
		sums[i] = make(map[string]uint32)
	}
	put(0)
	type outcome struct {
		item    int
		version string
		sum     uint32
		err     error
	}
	start, done, fetched := make(chan struct{}), make(chan struct{}), make(chan []outcome, 1)
	go func() {
		var all []outcome
		for last := false; !last; {
			select {
			case <-done:
				last = true
			default:
			}
			for i, result := range batcher.FetchBatch(f.Context(), items) {
				all = append(all, outcome{i, result.File.Version, tranship.CRC32C(result.Data), result.Err})
			}
			if len(all) == count {
				close(start)
			}
		}
		fetched <- all
	}()
	<-start
	func() {
		defer close(done) // also if a put ends the test
		for seed := range byte(versions) {
			put(seed + 1)
		}
	}()
	for _, result := range <-fetched {
		if sum, known := sums[result.item][result.version]; result.err != nil || !known || result.sum != sum {
			f.Fatalf("FetchBatch of a file that is replaced returns version %q with CRC32C %08x, %v; they are not of one version", result.version, result.sum, result.err)
		}
	}
}
