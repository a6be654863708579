package observation_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/observation"
)

// batches is an observer that keeps the batches it receives.
type batches struct {
	mu  sync.Mutex
	all [][]tranship.Event
}

func (b *batches) Observe(events []tranship.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, events)
}

// get returns the batches so far.
func (b *batches) get() [][]tranship.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.all)
}

// TestBatch checks that events are passed on when there are enough of them, after a second
// at most, and by Flush.
func TestBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var observer batches
		batch := observation.New(&observer)
		ctx, call := batch.Begin(t.Context(), "/service/Method")
		if observation.FromContext(ctx) != call {
			t.Error("the context does not have the call")
		}
		for range tranship.MaxObserved {
			call.Transfers(tranship.EventUpload, observation.Transfer{Path: "path", Bytes: 1, Start: time.Now()})
		}
		got := observer.get()
		if len(got) != 1 || len(got[0]) != tranship.MaxObserved || got[0][0].Kind != tranship.EventCallBegun {
			t.Fatalf("got %v, want one full batch that begins with the call", got)
		}
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if got = observer.get(); len(got) != 2 || len(got[1]) != 1 {
			t.Fatalf("after a second there are %d batches, want the last event in a second one", len(got))
		}
		failure := errors.New("failure")
		batch.Transfer(t.Context(), tranship.EventDownload, "other", 3, 2, time.Now(), failure)
		call.End(failure)
		batch.Flush()
		batch.Flush()
		if got = observer.get(); len(got) != 3 || len(got[2]) != 2 {
			t.Fatalf("at the end there are %v", got)
		}
		first, last := got[2][0], got[2][1]
		if first.Kind != tranship.EventDownload || first.Path != "other" || first.Offset != 3 || first.Bytes != 2 || first.Context != t.Context() {
			t.Errorf("got %+v for a download", first)
		}
		if last.Kind != tranship.EventCallEnded || last.Method != "/service/Method" || last.Duration < time.Second || !errors.Is(last.Err, failure) || last.Context != ctx {
			t.Errorf("got %+v for the end", last)
		}
	})
}

// TestNothing checks that a Batch and a Call without an observer do nothing.
func TestNothing(t *testing.T) {
	batch := observation.New(nil)
	ctx, call := batch.Begin(t.Context(), "method")
	if ctx != t.Context() || batch != nil || call != nil || observation.FromContext(ctx) != nil || !batch.Now().IsZero() {
		t.Error("something is observed without an observer")
	}
	call.Transfers(tranship.EventUpload, observation.Transfer{Path: "path"})
	batch.ConnectionRefused(ctx, nil)
	call.End(nil)
	batch.Transfer(ctx, tranship.EventUpload, "path", 0, 0, time.Now(), nil)
	batch.Refused(ctx, "method", nil)
	batch.Flush()
}
