package client

import (
	"testing"
	"time"
)

// TestStreamTuner checks the number of streams on links on which more streams help only up
// to some number.
func TestStreamTuner(t *testing.T) {
	for _, test := range []struct {
		name      string
		roundTrip time.Duration
		useful    int // streams beyond which nothing gets faster
		want      int
	}{
		{"one core is the limit", 0, 1, 1},
		{"two connections carry more", 0, 2, 2},
		{"three carry hardly more than two", 0, 3, 4},
		{"each carries more", 0, 100, maxTunedStreams},
		{"a long link", 100 * time.Millisecond, 12, 19},
		{"a link across the world", time.Second, 100, maxTunedStreams},
		{"a long link that was overestimated", time.Second, 1, maxTunedStreams},
	} {
		t.Run(test.name, func(t *testing.T) {
			var tuner streamTuner
			tuner.noteRoundTrip(test.roundTrip)
			now := time.Now()
			for range 10_000 {
				now = now.Add(time.Millisecond)
				tuner.noteBytes(min(tuner.streams(), test.useful)*100_000, now)
			}
			if got := tuner.streams(); got != test.want {
				t.Errorf("%d streams, want %d", got, test.want)
			}
		})
	}
}

// TestStreamTunerFast checks that isFast judges by the rate of one stream, not of all, and
// that it is false before the rate was measured.
func TestStreamTunerFast(t *testing.T) {
	for _, test := range []struct {
		perStream int // bytes a millisecond
		want      bool
	}{
		{fastStream/1000 + 1000, true},
		{fastStream/1000 - 1000, false},
	} {
		var tuner streamTuner
		tuner.noteRoundTrip(100 * time.Millisecond) // suggests many streams
		now := time.Now()
		if tuner.isFast() {
			t.Error("fast before anything has moved")
		}
		for range 10_000 {
			now = now.Add(time.Millisecond)
			tuner.noteBytes(tuner.streams()*test.perStream, now)
		}
		if tuner.isFast() != test.want {
			t.Errorf("%d bytes a millisecond and stream: fast %v", test.perStream, tuner.isFast())
		}
	}
}

// TestStreamTunerPause checks that the tuner does not take a pause between files for a slow
// link.
func TestStreamTunerPause(t *testing.T) {
	var tuner streamTuner
	now := time.Now()
	for range 100 {
		for range 100 {
			now = now.Add(time.Millisecond)
			tuner.noteBytes(tuner.streams()*1000, now)
		}
		now = now.Add(time.Minute)
	}
	if tuner.finished {
		t.Error("the tuner finished without a measurement")
	}
}
