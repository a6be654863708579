package limit_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/mem"
)

// batches is a store that calls during for each batch, with its size.
type batches struct {
	*mem.Store
	during func(items int)
}

func (b batches) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	b.during(len(items))
	return make([]tranship.PutResult, len(items))
}

// TestFilesOfBatch checks that a batch counts for as many descriptors as a store of package disk
// has open at once for it.
func TestFilesOfBatch(t *testing.T) {
	const written, durable = tranship.DurabilityWritten, tranship.DurabilityDurable
	for _, test := range []struct {
		share, items int
		durability   tranship.Durability
		// sizes are those of the batches that are passed on, and counts what each counts for.
		sizes, counts []int
	}{
		{100, 1, written, []int{1}, []int{2}},
		{100, 64, written, []int{64}, []int{2}},
		{100, 1, durable, []int{1}, []int{2}},
		{100, 5, durable, []int{5}, []int{10}},
		{100, 64, durable, []int{64}, []int{32}},
		{100, 5, tranship.DurabilityDefault, []int{5}, []int{10}},
		{20, 64, written, []int{64}, []int{2}},
		{20, 10, durable, []int{10}, []int{20}},
		{20, 25, durable, []int{10, 10, 5}, []int{20, 20, 10}},
	} {
		t.Run(fmt.Sprintf("%d of %d %v", test.items, test.share, test.durability), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ann := access.NewContext(t.Context(), access.Principal{Name: "ann"})
				inner := batches{Store: &mem.Store{}}
				calls := 0
				var store tranship.Store
				inner.during = func(items int) {
					if calls >= len(test.sizes) || items != test.sizes[calls] {
						t.Errorf("batch %d has %d items, want %v", calls, items, test.sizes)
						return
					}
					left := 0
					for {
						content, err := store.Open(ann, "file", tranship.OpenOptions{})
						if errors.Is(err, tranship.ErrUnavailable) {
							break
						}
						if err != nil {
							t.Fatal(err)
						}
						defer content.Close()
						left++
					}
					if counts := test.share - left; counts != test.counts[calls] {
						t.Errorf("batch %d counts for %d descriptors, want %v", calls, counts, test.counts)
					}
					calls++
				}
				store = limit.NewFiles(int64(4 * test.share)).Store(inner)
				if _, err := store.Put(ann, tranship.Spec{Path: "file"}, nil); err != nil {
					t.Fatal(err)
				}
				items := make([]tranship.PutItem, test.items)
				for i := range items {
					items[i].Spec = tranship.Spec{Path: fmt.Sprint(i), Durability: test.durability}
				}
				for i, result := range tranship.PutBatch(ann, store, items) {
					if result.Err != nil {
						t.Errorf("item %d: %v", i, result.Err)
					}
				}
				if calls != len(test.sizes) {
					t.Errorf("%d batches were passed on, want %d", calls, len(test.sizes))
				}
			})
		})
	}
}
