package native

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

// numbered is an item of a test.
type numbered struct {
	path  string
	bytes int64
}

func (n numbered) batchPath() string { return n.path }
func (n numbered) batchBytes() int64 { return n.bytes }

// held is the work of a batcher that waits until it is released.
type held struct {
	mu      sync.Mutex
	batches [][]numbered
	release chan struct{}
}

func (h *held) work(batch []numbered) {
	h.mu.Lock()
	h.batches = append(h.batches, slices.Clone(batch))
	h.mu.Unlock()
	<-h.release
}

// sizes returns how many items each batch so far has had.
func (h *held) sizes() (sizes []int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, batch := range h.batches {
		sizes = append(sizes, len(batch))
	}
	return sizes
}

// TestBatcher checks that an item starts at once while a goroutine is free, that items that
// wait become a batch within the limits, and that no goroutine stays, which synctest would
// find.
func TestBatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &held{release: make(chan struct{})}
		b := newBatcher(2, 4, 100, h.work)
		for i, want := range [][]int{{1}, {1, 1}, {1, 1}} {
			b.add(numbered{path: string(rune('a' + i)), bytes: 1})
			synctest.Wait()
			if got := h.sizes(); !slices.Equal(got, want) {
				t.Errorf("after %d items: batches %v, want %v", i+1, got, want)
			}
		}
		// With c: three of one batch, then d for the second time, then 99 bytes beside 2, and
		// one item that alone has too many bytes.
		b.add(numbered{"d", 1}, numbered{"e", 1}, numbered{"d", 1}, numbered{"f", 1}, numbered{"g", 99}, numbered{"h", 200})
		b.close()
		close(h.release)
		synctest.Wait()
		got := h.sizes()
		slices.Sort(got)
		if !slices.Equal(got, []int{1, 1, 1, 1, 2, 3}) {
			t.Errorf("batches %v", got)
		}
	})
}

// TestBatcherTakesAtMost checks that a batch has no more items than the limit, and that an
// idle goroutine is used again.
func TestBatcherTakesAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &held{release: make(chan struct{}, 10)}
		b := newBatcher(1, 4, 100, h.work)
		for range 2 {
			b.add(make([]numbered, 6)...)
			h.release <- struct{}{}
			h.release <- struct{}{}
			synctest.Wait()
		}
		b.close()
		if got := h.sizes(); !slices.Equal(got, []int{4, 2, 4, 2}) {
			t.Errorf("batches %v", got)
		}
	})
}
