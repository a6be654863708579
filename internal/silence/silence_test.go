package silence_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/silence"
)

// ends returns how long the watch takes to end its context, which must be within an hour.
func ends(t *testing.T, watch *silence.Watch) time.Duration {
	t.Helper()
	begun := time.Now()
	select {
	case <-watch.Context().Done():
	case <-time.After(time.Hour):
	}
	return time.Since(begun)
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watch, stop := silence.New(t.Context(), time.Second, "no byte moved")
		defer stop()
		for range 10 {
			time.Sleep(999 * time.Millisecond)
			watch.Moved()
		}
		if took := ends(t, watch); took != time.Second {
			t.Errorf("it ended after %v", took)
		}
		err := watch.Explain(context.Canceled)
		if !errors.Is(err, tranship.ErrUnavailable) || err.Error() != "unavailable: stalled: no byte moved for 1s" {
			t.Errorf("error %v", err)
		}
		if watch.Explain(nil) != nil {
			t.Error("an error of none")
		}
	})
}

func TestWatchRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watch, stop := silence.New(t.Context(), time.Second, "no byte moved")
		defer stop()
		watch.Rest()
		if took := ends(t, watch); took != time.Hour {
			t.Errorf("a watch that rests ended after %v", took)
		}
		watch.Extend(10)
		if took := ends(t, watch); took != 10*time.Second {
			t.Errorf("a watch that was extended ended after %v", took)
		}
	})
}

// TestAlive checks that a sign of life counts in the watch of a context, also of a derived
// one, and not while the watch rests.
func TestAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watch, stop := silence.New(t.Context(), time.Second, "no byte moved")
		defer stop()
		ctx, cancel := context.WithCancel(watch.Context())
		defer cancel()
		for range 10 {
			time.Sleep(999 * time.Millisecond)
			silence.Alive(ctx)
		}
		if took := ends(t, watch); took != time.Second {
			t.Errorf("it ended after %v", took)
		}
		if timeout, stalled := silence.Stalled(context.WithoutCancel(ctx)); !stalled || timeout != time.Second {
			t.Errorf("Stalled is %v, %v", timeout, stalled)
		}
		resting, stop := silence.New(t.Context(), time.Second, "no byte moved")
		defer stop()
		resting.Rest()
		silence.Alive(resting.Context())
		if took := ends(t, resting); took != time.Hour {
			t.Errorf("a watch that rests ended after %v", took)
		}
		silence.Alive(t.Context()) // has no watch
		for _, ctx := range []context.Context{t.Context(), resting.Context()} {
			if timeout, stalled := silence.Stalled(ctx); stalled || timeout != 0 {
				t.Errorf("Stalled is %v, %v", timeout, stalled)
			}
		}
	})
}

// TestWatchOfEndedContext checks that a context that the caller ended is not a stall.
func TestWatchOfEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	watch, stop := silence.New(ctx, time.Hour, "no byte moved")
	defer stop()
	cancel()
	if err := watch.Explain(context.Canceled); err != context.Canceled {
		t.Errorf("error %v", err)
	}
}
