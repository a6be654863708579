package transfer

import (
	"context"
	"fmt"
	"testing"
)

// Memory does not grow with the size of a file, the number of files, or of attempts.
func TestBuffersAreBounded(t *testing.T) {
	name, _ := largeFile(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	store := newCutting(5 * partBytes)
	copier := newCopier(store, Options{Streams: 2, Parts: 3}, cancel)
	items := func(yield func(Item, error) bool) {
		for i := range 10 {
			for item := range localItem(t, name) {
				item.Path = fmt.Sprint(i)
				yield(item, nil)
			}
		}
	}
	if err := copier.run(ctx, items); err != nil {
		t.Fatal(err)
	}
	if most := copier.buffers.most.Load(); most > 2*(3*readChunks+1) || copier.buffers.live.Load() != 0 {
		t.Errorf("%d buffers at once, %d in the end", most, copier.buffers.live.Load())
	}
}
