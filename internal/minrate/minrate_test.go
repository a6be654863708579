package minrate_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship/internal/minrate"
)

// TestCall checks that overlapping holds count once, and that a hold counts before its
// release.
func TestCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		call := new(minrate.Call)
		call.Hold()
		time.Sleep(time.Second)
		call.Hold()
		time.Sleep(time.Second)
		call.Release()
		if held := call.Held(); held != 2*time.Second {
			t.Errorf("held %v by now", held)
		}
		time.Sleep(time.Second)
		call.Release()
		time.Sleep(time.Hour)
		if held := call.Held(); held != 3*time.Second {
			t.Errorf("held %v", held)
		}
		if minrate.FromContext(minrate.NewContext(t.Context(), call)) != call {
			t.Error("the call is not in its context")
		}
		none := minrate.FromContext(t.Context())
		none.Hold()
		none.Release()
		if none.Held() != 0 {
			t.Error("a call without limits was held")
		}
	})
}

func TestMeter(t *testing.T) {
	var m minrate.Meter
	for i, step := range []struct {
		waited time.Duration
		moved  int64
		want   bool
	}{
		{9 * time.Second, 99, true},
		{time.Hour, 1, true}, // enough bytes moved, so that a new measurement begins
		{9 * time.Second, 0, true},
		{-time.Hour, 0, true}, // several streams kept the client waiting at once
		{time.Second, 99, false},
	} {
		if got := m.Add(step.waited, step.moved, 100, 10*time.Second); got != step.want {
			t.Errorf("step %d: %v", i, got)
		}
	}
}
