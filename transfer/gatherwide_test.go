package transfer

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// TestBatchesInFlight copies small files to destinations that take different times to store a
// batch. It checks how many files are in flight, and how long the copy takes.
func TestBatchesInFlight(t *testing.T) {
	const count = 10_000
	for _, test := range []struct {
		name  string
		takes time.Duration
		files int
		// most is how many files are in flight at most, and in the longest time.
		most int
		in   time.Duration
	}{
		{"near", time.Millisecond, 0, batchWorkers * mostBatched, 50 * time.Millisecond},
		{"far", 50 * time.Millisecond, 0, 25 * mostBatched, 650 * time.Millisecond},
		{"very far", time.Second, 0, mostBatchWorkers * mostBatched, 9 * time.Second},
		{"far, with a limit", 50 * time.Millisecond, 300, 300, 2 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, list := smallFiles(t, count)
				items, _ := sequence(list)
				var inFlight, most atomic.Int64
				destination := &batching{Store: &mem.Store{}}
				destination.put = func(items []tranship.PutItem, results []tranship.PutResult) []tranship.PutResult {
					now := inFlight.Add(int64(len(items)))
					for before := most.Load(); now > before && !most.CompareAndSwap(before, now); before = most.Load() {
					}
					time.Sleep(test.takes)
					inFlight.Add(-int64(len(items)))
					return results
				}
				begun := time.Now()
				if err := Copy(t.Context(), destination, items, Options{Files: test.files}); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begun); took > test.in || most.Load() > int64(test.most) {
					t.Errorf("%d files in flight, in %v", most.Load(), took)
				}
			})
		})
	}
}
