package minrate_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship/internal/minrate"
)

// TestSender checks that a sender is too slow only while it owes bytes and none of its
// streams waits for the server.
func TestSender(t *testing.T) {
	limits := minrate.Limits{Rate: 100, Window: 10 * time.Second, Idle: time.Minute}
	for name, test := range map[string]struct {
		size, durable int64
		hold          bool
		total         int64 // how many bytes arrived after a window
		after         time.Duration
		want          *minrate.Slow
	}{
		"fast":                  {size: 5000, total: 1000, after: 10 * time.Second},
		"slow":                  {size: 5000, total: 999, after: 10 * time.Second, want: &minrate.Slow{Rate: 100, Bound: 10 * time.Second}},
		"kept waiting":          {size: 5000, total: 0, after: 10 * time.Second, hold: true},
		"owes only the end":     {size: 5000, durable: 4500, total: 500, after: 50 * time.Second},
		"unknown size":          {size: -1, total: 0, after: 50 * time.Second},
		"unknown size and idle": {size: -1, total: 0, after: time.Minute, want: &minrate.Slow{Idle: true, Rate: 100, Bound: time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				call := &minrate.Call{Limits: limits}
				var waiting minrate.Waiting
				waiting.Join(call)
				sender := minrate.NewSender(call, &waiting, test.size, test.durable)
				defer sender.Stop()
				if test.hold {
					call.Hold()
				}
				time.Sleep(test.after)
				got := sender.Look(test.total)
				if (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
					t.Errorf("got %+v, want %+v", got, test.want)
				}
			})
		})
	}
	if minrate.NewSender(nil, nil, 0, 0).Tick() != nil || minrate.NewSender(&minrate.Call{}, nil, 0, 0) != nil {
		t.Error("NewSender of a call without limits is not nil")
	}
}
