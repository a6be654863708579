package minrate_test

import (
	"testing"
	"time"

	"github.com/tranship/tranship/internal/minrate"
)

// TestSkip checks that time in which this process did not run counts against no client.
func TestSkip(t *testing.T) {
	limits := minrate.Limits{Rate: 100, Window: 10 * time.Second, Idle: time.Minute}
	begun := time.Now()
	for name, skip := range map[string]bool{"runs": false, "stopped": true} {
		var d minrate.Direction
		d.Begin(begun)
		continued := begun.Add(time.Hour)
		if skip {
			d.Skip(continued)
		}
		if ok := d.Look(continued, limits, true); ok != skip {
			t.Errorf("%s: Look returned %v", name, ok)
		}
		if idle := d.Idle(continued, begun, limits); idle == skip {
			t.Errorf("%s: Idle returned %v", name, idle)
		}
		if d.Look(continued.Add(limits.Window), limits, true) {
			t.Errorf("%s: a client that sends nothing is not too slow", name)
		}
	}
	var none minrate.Direction
	none.Skip(begun)
	if none.Idle(begun.Add(time.Hour), begun, limits) {
		t.Error("a direction without a wait waits")
	}
}
