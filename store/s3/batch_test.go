package s3_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
)

// batch returns items for n files of a directory.
func batch(directory string, n int) []tranship.PutItem {
	var items []tranship.PutItem
	for i := range n {
		items = append(items, tranship.PutItem{Spec: tranship.Spec{Path: fmt.Sprintf("%s/%d", directory, i)}, Data: []byte("data")})
	}
	return items
}

// TestRequestsOfBatches stores many batches at once. They must not make more requests at a time than
// there are connections that are used again.
func TestRequestsOfBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		store := near(t, engine, s3.Options{})
		var running, most atomic.Int64
		engine.Inject(fakes3.Fault{Operation: "PutObject", Before: func() {
			n := running.Add(1)
			for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
			}
			time.Sleep(10 * time.Millisecond)
			running.Add(-1)
		}})
		var group sync.WaitGroup
		for n := range 20 {
			group.Go(func() {
				for _, result := range store.PutBatch(t.Context(), batch(fmt.Sprint(n), 100)) {
					if result.Err != nil {
						t.Errorf("PutBatch: %v", result.Err)
					}
				}
			})
		}
		group.Wait()
		if n := most.Load(); n > 128 || n < 100 {
			t.Errorf("the engine had %d requests at a time, want 100 to 128", n)
		}
	})
}

// TestCanceledBatch ends a batch while the requests of others take all connections.
func TestCanceledBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		store := near(t, engine, s3.Options{})
		held := make(chan struct{})
		engine.Inject(fakes3.Fault{Operation: "PutObject", Before: func() { <-held }})
		var group sync.WaitGroup
		for n := range 8 {
			group.Go(func() { store.PutBatch(t.Context(), batch(fmt.Sprint(n), 32)) })
		}
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, result := range store.PutBatch(ctx, batch("canceled", 100)) {
			if !errors.Is(result.Err, context.Canceled) {
				t.Fatalf("PutBatch: %v, want the error of its context", result.Err)
			}
		}
		close(held)
		group.Wait()
	})
}

// TestBatchesThatWait has batches wait for a change of the file that they put. Others must go on.
func TestBatchesThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		store := near(t, engine, s3.Options{PartSize: part})
		data := random(1, 2*part)
		upload := begin(t, store, "d/0", "key", data)
		writeParts(t, upload, data)
		held, done := make(chan struct{}), make(chan error)
		engine.Inject(fakes3.Fault{Operation: "CompleteMultipartUpload", Times: 1, Before: func() { <-held }})
		go func() {
			_, err := upload.Commit(t.Context(), tranship.Commit{Size: 2 * part})
			done <- err
		}()
		synctest.Wait()
		var same []tranship.PutItem
		for range 32 {
			same = append(same, batch("d", 1)...)
		}
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() { store.PutBatch(t.Context(), same) })
		}
		synctest.Wait()
		for _, result := range store.PutBatch(t.Context(), batch("e", 10)) {
			if result.Err != nil {
				t.Errorf("PutBatch: %v", result.Err)
			}
		}
		close(held)
		if err := <-done; err != nil {
			t.Errorf("Commit: %v", err)
		}
		group.Wait()
	})
}
