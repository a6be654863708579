package native

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// fetchStore fetches batches when it is released, or when their context ends, and records how
// many items they have.
type fetchStore struct {
	tranship.Store
	release chan struct{}

	mu    sync.Mutex
	sizes []int
}

func (s *fetchStore) FetchBatch(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
	s.mu.Lock()
	s.sizes = append(s.sizes, len(items))
	s.mu.Unlock()
	select {
	case <-s.release:
	case <-ctx.Done():
	}
	results := make([]tranship.FetchResult, len(items))
	for i, item := range items {
		if item.Path == "panics" {
			panic("fetch")
		}
		results[i].File, results[i].Data, results[i].Err = tranship.Fetch(ctx, s.Store, item.Path, item.Size)
	}
	return results
}

// content is the content of the file of a slot.
func content(slot uint64) []byte { return fmt.Append(nil, "content of ", slot) }

// newFetchStore returns a store with the files of so many slots, a large one and one that is
// empty.
func newFetchStore(t *testing.T, slots uint64) *fetchStore {
	t.Helper()
	store := &fetchStore{Store: &mem.Store{}, release: make(chan struct{})}
	put := func(path string, data []byte) {
		if _, err := store.Put(t.Context(), tranship.Spec{Path: path}, data); err != nil {
			t.Fatal(err)
		}
	}
	for slot := range slots {
		put(fmt.Sprint(slot+1), content(slot+1))
	}
	put("large", make([]byte, 3*downloadChunk))
	put("empty", nil)
	return store
}

// TestFetchBatches checks that opens of small files that arrive while all goroutines are busy
// are read as batches, and that each has its own replies, whatever happens to others of its
// batch.
func TestFetchBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 100
		store := newFetchStore(t, most)
		var mu sync.Mutex
		refusals := map[string]int{}
		service := New(store, Options{Refused: func(_ context.Context, refusal Refusal) {
			mu.Lock()
			defer mu.Unlock()
			refusals[refusal.Path]++
		}})
		stream := newScriptedDownload(t.Context())
		done := make(chan error, 1)
		go func() { done <- service.Download(stream) }()
		slot := uint64(1)
		for ; slot <= fetchWorkers; slot++ { // each starts at once
			stream.open(slot, fmt.Sprint(slot), int64(len(content(slot))))
			synctest.Wait()
		}
		for ; slot <= most-4; slot++ {
			stream.open(slot, fmt.Sprint(slot), int64(len(content(slot))))
		}
		missing, larger, large, empty := slot, slot+1, slot+2, slot+3
		stream.open(missing, "missing", 1)
		stream.open(larger, "large", 10)             // the first bytes of it
		stream.open(large, "large", 3*downloadChunk) // in several chunks
		stream.open(empty, "empty", 0)
		stream.open(empty, "empty", 0) // a slot for the second time
		synctest.Wait()
		close(store.release)
		close(stream.requests)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if got := len(store.sizes); got != fetchWorkers+2 {
			t.Errorf("batches of %v, want %d", store.sizes, fetchWorkers+2)
		}
		for slot := range missing - 1 {
			slot++
			if ended := stream.ended(slot); !slices.Equal(ended, []codes.Code{codes.OK}) || string(stream.bytes[slot]) != string(content(slot)) {
				t.Errorf("slot %d ended with %v: %q", slot, ended, stream.bytes[slot])
			}
			if stream.opened[slot] != 1 {
				t.Errorf("slot %d was opened %d times", slot, stream.opened[slot])
			}
		}
		for slot, want := range map[uint64][]codes.Code{missing: {codes.NotFound}, larger: {codes.OK}, large: {codes.OK}} {
			if ended := stream.ended(slot); !slices.Equal(ended, want) {
				t.Errorf("slot %d ended with %v, want %v", slot, ended, want)
			}
		}
		if len(stream.ended(empty)) != 2 || stream.opened[empty] != 1 {
			t.Errorf("the slot that was used twice ended with %v", stream.ended(empty))
		}
		if len(stream.bytes[larger]) != 10 || len(stream.bytes[large]) != 3*downloadChunk || len(stream.bytes[empty]) != 0 {
			t.Errorf("%d, %d and %d bytes", len(stream.bytes[larger]), len(stream.bytes[large]), len(stream.bytes[empty]))
		}
		if refusals["missing"] != 1 || refusals["empty"] != 1 || len(refusals) != 2 {
			t.Errorf("refusals %v", refusals)
		}
	})
}

// TestCancelOfFetches checks that a cancel answers a slot that waits at once, that one of a
// batch that is read affects no other, and that a batch ends whose slots are all cancelled.
func TestCancelOfFetches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFetchStore(t, 20)
		stream := newScriptedDownload(t.Context())
		done := make(chan error, 1)
		go func() { done <- New(store, Options{}).Download(stream) }()
		open := func(slot uint64) { stream.open(slot, fmt.Sprint(slot), int64(len(content(slot)))) }
		for slot := range uint64(fetchWorkers) {
			open(slot + 1)
			synctest.Wait()
		}
		const waits = uint64(fetchWorkers + 1)
		open(waits)
		open(waits + 1)
		open(waits + 2)
		stream.cancel(waits)
		synctest.Wait()
		if ended := stream.ended(waits); !slices.Equal(ended, []codes.Code{codes.Canceled}) {
			t.Errorf("a cancelled slot that waited ended with %v", ended)
		}
		stream.cancel(1) // the whole first batch: its goroutine reads the next
		synctest.Wait()
		if ended := stream.ended(1); !slices.Equal(ended, []codes.Code{codes.Canceled}) {
			t.Errorf("a cancelled slot ended with %v", ended)
		}
		stream.cancel(waits + 1)
		stream.cancel(waits + 1) // has no further effect
		synctest.Wait()
		if ended := stream.ended(waits + 1); len(ended) > 0 {
			t.Errorf("a slot of a batch that is read ended with %v", ended)
		}
		close(store.release)
		close(stream.requests)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		for slot := range waits + 2 {
			want := []codes.Code{codes.OK}
			if slot+1 == 1 || slot+1 == waits || slot+1 == waits+1 {
				want = []codes.Code{codes.Canceled}
			}
			if ended := stream.ended(slot + 1); !slices.Equal(ended, want) {
				t.Errorf("slot %d ended with %v, want %v", slot+1, ended, want)
			}
		}
		if !slices.Equal(store.sizes, []int{1, 1, 1, 1, 2}) {
			t.Errorf("batches of %v", store.sizes)
		}
	})
}

// TestFetchBatchFails checks that a store that panics fails the slots of the batch, and that
// the end of the call ends those that wait.
func TestFetchBatchFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFetchStore(t, 20)
		ctx, cancel := context.WithCancel(t.Context())
		stream := newScriptedDownload(ctx)
		done := make(chan error, 1)
		go func() { done <- New(store, Options{}).Download(stream) }()
		stream.open(1, "panics", 1)
		store.release <- struct{}{}
		synctest.Wait()
		if ended := stream.ended(1); !slices.Equal(ended, []codes.Code{codes.Internal}) {
			t.Errorf("a slot whose store panicked ended with %v", ended)
		}
		for slot := range uint64(10) {
			stream.open(slot+2, fmt.Sprint(slot+2), int64(len(content(slot+2))))
		}
		synctest.Wait()
		cancel()
		if err := <-done; err == nil {
			t.Error("a cancelled call succeeded")
		}
		for slot := range uint64(10) {
			if ended := stream.ended(slot + 2); len(ended) != 1 {
				t.Errorf("slot %d ended with %v", slot+2, ended)
			}
		}
	})
}
