package s3_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
)

// TestListsOfReplacedFiles puts 3,000 files that exist, in any order, and counts the lists. Each
// list has 1,000 names.
func TestListsOfReplacedFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		store := near(t, engine, s3.Options{})
		var items []tranship.PutItem
		for n := range 3000 {
			items = append(items, tranship.PutItem{Spec: tranship.Spec{Path: fmt.Sprintf("d/%04d", n)}, Data: []byte("data")})
		}
		put := func(batch int) {
			var group sync.WaitGroup
			for some := range slices.Chunk(items, batch) {
				group.Go(func() {
					for _, result := range store.PutBatch(t.Context(), some) {
						if result.Err != nil {
							t.Errorf("PutBatch: %v", result.Err)
						}
					}
				})
			}
			group.Wait()
		}
		put(500)
		for name, batch := range map[string]int{"in one batch": len(items), "in six": 500, "in 150": 20} {
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
			time.Sleep(time.Minute) // what was seen no longer counts
			before := engine.Requests()["ListObjectsV2"]
			engine.Inject(fakes3.Fault{Operation: "ListObjectsV2", Before: func() { time.Sleep(10 * time.Millisecond) }})
			put(batch)
			engine.Heal()
			if lists := engine.Requests()["ListObjectsV2"] - before; lists > 20 {
				t.Errorf("%s: the engine made %d lists, want no more than 20", name, lists)
			} else {
				t.Logf("%s: %d lists", name, lists)
			}
		}
	})
}
