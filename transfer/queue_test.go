package transfer

import (
	"context"
	"runtime"
	"sync"
	"testing"
)

// A queue takes memory for the items that are in it, not for those that it could have: the copy of one
// file needs one.
func TestQueueMemory(t *testing.T) {
	var workers sync.WaitGroup
	var paths []string
	q := &queue{workers: &workers, most: 1, work: func(_ context.Context, items <-chan *Item) {
		for item := range items {
			paths = append(paths, item.Path)
		}
	}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	q.send(t.Context(), Item{Path: "a"})
	q.close()
	workers.Wait()
	runtime.ReadMemStats(&after)
	if len(paths) != 1 || paths[0] != "a" {
		t.Errorf("the worker got %q", paths)
	}
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 512<<10 {
		t.Errorf("a queue of one item took %d bytes", taken)
	}
}
