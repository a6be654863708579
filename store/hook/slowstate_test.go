package hook_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/hook"
	"github.com/tranship/tranship/store/mem"
)

// slowState is a store whose state takes a second for each change, and a change that is given up
// does not happen.
type slowState struct{ *mem.Store }

func (s slowState) wait(ctx context.Context) error {
	select {
	case <-time.After(time.Second):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s slowState) SwapState(ctx context.Context, entry tranship.StateEntry) (string, error) {
	if err := s.wait(ctx); err != nil {
		return "", err
	}
	return s.Store.SwapState(ctx, entry)
}

func (s slowState) RemoveState(ctx context.Context, key, version string) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	return s.Store.RemoveState(ctx, key, version)
}

// TestSlowState checks that many events are delivered once over a state that takes longer for all of
// their records than for one, and that a client that gives up leaves no record behind.
func TestSlowState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner, c := slowState{&mem.Store{}}, newCarrier()
		deliveries := 0
		c.accept = func([]hook.Event) error {
			deliveries++
			if deliveries == 1 {
				time.Sleep(time.Minute) // while more events come
			}
			return nil
		}
		h, err := hook.Open(t.Context(), inner, hook.Options{Exclusive: true, Hooks: []hook.Hook{{Name: "all", Kinds: events(), Carrier: c, Batch: hook.MaxBatch}}})
		if err != nil {
			t.Fatal(err)
		}
		store := h.Store(inner)
		for range 58 {
			if _, err := store.Put(t.Context(), tranship.Spec{Path: "a"}, []byte("text")); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := store.Put(ctx, tranship.Spec{Path: "b"}, []byte("text")); err == nil {
			t.Error("a call that had ended succeeded")
		}
		time.Sleep(10 * time.Minute)
		if got := len(c.texts()); got != 58 || deliveries > 3 {
			t.Errorf("the hook was told of %d events in %d deliveries", got, deliveries)
		}
		for entry := range inner.ListState(t.Context(), "hooks/") {
			t.Errorf("%s remains", entry.Key)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
}
