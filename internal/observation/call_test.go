package observation_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/observation"
)

// batches keeps what it is told.
type batches [][]tranship.Event

func (b *batches) Observe(_ context.Context, events []tranship.Event) { *b = append(*b, events) }

// TestBatches checks that events are told when there are enough of them, after a second
// at most, and at the end of the call.
func TestBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told batches
		ctx, call := observation.Begin(t.Context(), &told, "/service/Method")
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
		call.Transfer(tranship.EventDownload, "other", 3, 2, time.Now(), failure)
		call.End(failure)
		if len(told) != 3 || len(told[2]) != 2 {
			t.Fatalf("at the end %v were told", told)
		}
		first, last := told[2][0], told[2][1]
		if first.Kind != tranship.EventDownload || first.Path != "other" || first.Offset != 3 || first.Bytes != 2 || first.Method != "/service/Method" {
			t.Errorf("told %+v of a download", first)
		}
		if last.Kind != tranship.EventCallEnded || last.Duration < time.Second || !errors.Is(last.Err, failure) {
			t.Errorf("told %+v of the end", last)
		}
	})
}

// TestNothing checks that nothing is needed, and nothing happens, without an observer.
func TestNothing(t *testing.T) {
	ctx, call := observation.Begin(t.Context(), nil, "method")
	if ctx != t.Context() || call != nil || observation.FromContext(ctx) != nil {
		t.Error("a call is observed that has no observer")
	}
	call.Transfer(tranship.EventUpload, "path", 0, 0, time.Now(), nil)
	call.End(nil)
	observation.Refused(ctx, nil, "method", nil)
}
