package s3_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
)

// TestBlockingAskedOnce puts files while the store asks what else is in their directory, or above it,
// for another one: they must wait for that answer, and not ask themselves.
func TestBlockingAskedOnce(t *testing.T) {
	for _, operation := range []string{"ListObjectsV2", "HeadObject"} {
		t.Run(operation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(fakes3.Options{})
				store := near(t, engine, s3.Options{})
				put := func(n int) {
					if _, err := store.Put(t.Context(), tranship.Spec{Path: fmt.Sprintf("d/%02d", n)}, []byte("data")); err != nil {
						t.Errorf("Put: %v", err)
					}
				}
				var others sync.WaitGroup
				engine.Inject(fakes3.Fault{Operation: operation, Times: 1, Before: func() {
					for n := range 20 {
						others.Go(func() { put(n + 1) })
					}
					synctest.Wait()
				}})
				before := engine.Requests()[operation]
				put(0)
				others.Wait()
				if asked := engine.Requests()[operation] - before; asked != 1 {
					t.Errorf("the engine was asked %d times, want once", asked)
				}
			})
		})
	}
}
