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
		alive         int64 // the number of the client's signs of life
		after         time.Duration
		want          *minrate.Slow
	}{
		"fast":                   {size: 5000, total: 1000, after: 10 * time.Second},
		"slow":                   {size: 5000, total: 999, after: 10 * time.Second, want: &minrate.Slow{Rate: 100, Bound: 10 * time.Second}},
		"kept waiting":           {size: 5000, total: 0, after: 10 * time.Second, hold: true},
		"owes only the end":      {size: 5000, durable: 4500, total: 500, after: 50 * time.Second},
		"unknown size":           {size: -1, total: 0, after: 50 * time.Second},
		"unknown size and alive": {size: -1, alive: 1, after: time.Minute},
		"known size and alive":   {size: 5000, alive: 5000, after: 10 * time.Second, want: &minrate.Slow{Rate: 100, Bound: 10 * time.Second}},
		"owes the end and alive": {size: 5000, durable: 5000, alive: 1, after: time.Minute},
		"unknown size and idle":  {size: -1, total: 0, after: time.Minute, want: &minrate.Slow{Idle: true, Rate: 100, Bound: time.Minute}},
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
				got := sender.Look(test.total, test.alive)
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

// TestSenderOfStoppedProcess checks that time in which this process does not run counts
// against no client, and other time does.
func TestSenderOfStoppedProcess(t *testing.T) {
	for name, test := range map[string]struct {
		every time.Duration
		slow  bool
	}{
		"runs":    {10 * time.Second / 8, true},
		"stopped": {time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				call := &minrate.Call{Limits: minrate.Limits{Rate: 100, Window: 10 * time.Second}}
				sender := minrate.NewSender(call, &minrate.Waiting{}, 5000, 0)
				defer sender.Stop()
				slow := false
				for range 8 {
					time.Sleep(test.every)
					sender.Begin()
					slow = slow || sender.Look(0, 0) != nil
				}
				if slow != test.slow {
					t.Errorf("slow: %v", slow)
				}
			})
		})
	}
}
