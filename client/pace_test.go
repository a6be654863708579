package client

import (
	"testing"
	"time"
)

// TestPace lets bytes move over links on which streams help up to a number.
func TestPace(t *testing.T) {
	for _, test := range []struct {
		name      string
		roundTrip time.Duration
		useful    int // streams beyond which nothing gets faster
		want      int
	}{
		{"one core is the limit", 0, 1, 1},
		{"two connections carry more", 0, 2, 2},
		{"three carry hardly more than two", 0, 3, 4},
		{"each carries more", 0, 100, mostStreams},
		{"a long link", 100 * time.Millisecond, 12, 19},
		{"a link across the world", time.Second, 100, mostStreams},
		{"a long link that was overestimated", time.Second, 1, mostStreams},
	} {
		t.Run(test.name, func(t *testing.T) {
			var p pace
			p.answered(test.roundTrip)
			now := time.Now()
			for range 10_000 {
				now = now.Add(time.Millisecond)
				p.moved(min(p.streams(), test.useful)*100_000, now)
			}
			if got := p.streams(); got != test.want {
				t.Errorf("%d streams, want %d", got, test.want)
			}
		})
	}
}

// TestPaceFast checks that what counts is the rate of one stream, not of all, and that no
// stream is called fast before it was seen to be.
func TestPaceFast(t *testing.T) {
	for _, test := range []struct {
		perStream int // bytes a millisecond
		want      bool
	}{
		{fastStream/1000 + 1000, true},
		{fastStream/1000 - 1000, false},
	} {
		var p pace
		p.answered(100 * time.Millisecond) // suggests many streams
		now := time.Now()
		if p.fast() {
			t.Error("fast before anything has moved")
		}
		for range 10_000 {
			now = now.Add(time.Millisecond)
			p.moved(p.streams()*test.perStream, now)
		}
		if p.fast() != test.want {
			t.Errorf("%d bytes a millisecond and stream: fast %v", test.perStream, p.fast())
		}
	}
}

// TestPacePause checks that a pause between files is not taken for a slow link.
func TestPacePause(t *testing.T) {
	var p pace
	now := time.Now()
	for range 100 {
		for range 100 {
			now = now.Add(time.Millisecond)
			p.moved(p.streams()*1000, now)
		}
		now = now.Add(time.Minute)
	}
	if p.settled {
		t.Error("settled without a measurement")
	}
}
