package observation_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/observation"
)

// batches keeps what it is told.
type batches [][]tranship.Event

func (b *batches) Observe(events []tranship.Event) { *b = append(*b, events) }

// TestBatch checks that events are told when there are enough of them, after a second at
// most, and when they are flushed.
func TestBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told batches
		batch := observation.New(&told)
		ctx, call := batch.Begin(t.Context(), "/service/Method")
		if observation.FromContext(ctx) != call {
			t.Error("the context does not have the call")
		}
		for range tranship.MaxObserved {
			call.Transfer(tranship.EventUpload, "path", 0, 1, time.Now(), nil)
		}
		if len(told) != 1 || len(told[0]) != tranship.MaxObserved || told[0][0].Kind != tranship.EventCallBegun {
			t.Fatalf("told %v, want one full batch that begins with the call", told)
		}
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if len(told) != 2 || len(told[1]) != 1 {
			t.Fatalf("after a second %d batches were told, want the last event in a second one", len(told))
		}
		failure := errors.New("failure")
		batch.Transfer(t.Context(), tranship.EventDownload, "other", 3, 2, time.Now(), failure)
		call.End(failure)
		batch.Flush()
		batch.Flush()
		if len(told) != 3 || len(told[2]) != 2 {
			t.Fatalf("at the end %v were told", told)
		}
		first, last := told[2][0], told[2][1]
		if first.Kind != tranship.EventDownload || first.Path != "other" || first.Offset != 3 || first.Bytes != 2 || first.Context != t.Context() {
			t.Errorf("told %+v of a download", first)
		}
		if last.Kind != tranship.EventCallEnded || last.Method != "/service/Method" || last.Duration < time.Second || !errors.Is(last.Err, failure) || last.Context != ctx {
			t.Errorf("told %+v of the end", last)
		}
	})
}

// TestNothing checks that nothing is needed, and nothing happens, without an observer.
func TestNothing(t *testing.T) {
	batch := observation.New(nil)
	ctx, call := batch.Begin(t.Context(), "method")
	if ctx != t.Context() || batch != nil || call != nil || observation.FromContext(ctx) != nil || !batch.Now().IsZero() {
		t.Error("something is observed without an observer")
	}
	call.Transfer(tranship.EventUpload, "path", 0, 0, time.Now(), nil)
	call.End(nil)
	batch.Transfer(ctx, tranship.EventUpload, "path", 0, 0, time.Now(), nil)
	batch.Refused(ctx, "method", nil)
	batch.Flush()
}
