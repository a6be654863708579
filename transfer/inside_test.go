package transfer

import (
	"context"
	"testing"

	"github.com/tranship/tranship"
)

// copying is a store whose copies report their progress and wait.
type copying struct {
	*faulty
	progress chan int64
	reported chan struct{}
}

func (c copying) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	for copied := range c.progress {
		tranship.CopyProgressFromContext(ctx)(copied)
		c.reported <- struct{}{}
	}
	return c.faulty.Copy(ctx, source, destination, precondition)
}

// TestCopyInsideProgress checks that a copy inside a store shows how far it is.
func TestCopyInsideProgress(t *testing.T) {
	store := copying{newFaulty(), make(chan int64), make(chan struct{})}
	fill(t, store, map[string]int{"a": 100})
	progress, ended := &Progress{}, make(chan error, 1)
	go func() {
		item := Item{SourcePath: "a", Path: "b", Inside: true, Source: store, File: tranship.File{Path: "a", Size: 100}}
		ended <- Copy(t.Context(), store, func(yield func(Item, error) bool) { yield(item, nil) }, Options{Progress: progress})
	}()
	for _, want := range []int64{30, 70} {
		store.progress <- want
		<-store.reported
		if got := progress.Count(); got.BytesDone != want || got.Bytes != 100 {
			t.Errorf("%d of %d bytes, want %d", got.BytesDone, got.Bytes, want)
		}
	}
	close(store.progress)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if got := progress.Count(); got.BytesDone != 100 || got.FilesDone != 1 {
		t.Errorf("in the end: %+v", got)
	}
}
