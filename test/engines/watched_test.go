package engines

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/tranship/tranship"
)

// watched is a client that notes which parts of its latest upload servers have acknowledged as
// durable, and whether an upload that was resumed has lost one.
type watched struct {
	tranship.Store

	mu     sync.Mutex
	upload tranship.Upload
	// begun counts how often the upload was begun or resumed.
	begun int
	// losses describe parts that were lost.
	losses []string
}

func (w *watched) Unwrap() any     { return w.Store }
func (w *watched) Passes(any) bool { return true }

// Begin implements tranship.Writer.
func (w *watched) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	before := w.acknowledged()
	upload, err := w.Store.Begin(ctx, spec)
	if err != nil {
		return nil, err
	}
	kept := upload.Durable()
	var lost []int64
	for _, r := range before {
		if !slices.ContainsFunc(kept, func(k tranship.Range) bool {
			return k.Offset == r.Offset && k.Length == r.Length && *k.CRC32C == *r.CRC32C
		}) {
			lost = append(lost, r.Offset)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(lost) > 0 {
		w.losses = append(w.losses, fmt.Sprintf("epoch %d of %s: the parts at %v were acknowledged and are lost, %d remain", upload.Epoch(), spec.Path, lost, len(kept)))
	}
	w.upload = upload
	w.begun++
	return upload, nil
}

// acknowledged returns what servers have acknowledged.
func (w *watched) acknowledged() []tranship.Range {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.upload == nil {
		return nil
	}
	return w.upload.Durable()
}

// next forgets the upload, and returns how often it was begun or resumed and what was lost.
func (w *watched) next() (begun int, losses []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	begun, losses = w.begun, w.losses
	w.upload, w.begun, w.losses = nil, 0, nil
	return begun, losses
}
