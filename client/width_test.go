package client

import (
	"testing"
	"time"
)

// TestWidth checks the number of streams for round trips on one machine, in a building, in a
// country and around the world.
func TestWidth(t *testing.T) {
	for _, test := range []struct {
		roundTrip       time.Duration
		up, down, lanes int
	}{
		{0, 1, 1, 1}, // before the first reply
		{1, 1, 1, 1},
		{100 * time.Microsecond, 1, 1, 1},
		{5 * time.Millisecond, 1, 1, 1},
		{6 * time.Millisecond, 2, 1, 1},
		{20 * time.Millisecond, 4, 2, 1},
		{50 * time.Millisecond, 10, 4, 2},
		{100 * time.Millisecond, 20, 8, 4},
		{200 * time.Millisecond, 24, 8, 8},
		{time.Second, 24, 8, 8},
		{1<<63 - 1, 24, 8, 8},
	} {
		if got := uploadWidth().streams(test.roundTrip); got != test.up {
			t.Errorf("%v: %d streams of an upload, want %d", test.roundTrip, got, test.up)
		}
		if got := downloadWidth().streams(test.roundTrip); got != test.down {
			t.Errorf("%v: %d streams of a download, want %d", test.roundTrip, got, test.down)
		}
		if got := lanesWidth().streams(test.roundTrip); got != test.lanes {
			t.Errorf("%v: %d lanes, want %d", test.roundTrip, got, test.lanes)
		}
	}
}

// TestConnectionsByRoundTrip checks that the shortest round trip decides, and that
// Options.Connections and the server's grant bound what follows from it.
func TestConnectionsByRoundTrip(t *testing.T) {
	for name, test := range map[string]struct {
		fixed, granted   int
		replies          []time.Duration
		client, uploaded int
	}{
		"before a reply":                 {client: 1, uploaded: 1},
		"a server nearby":                {replies: []time.Duration{time.Millisecond}, client: 1, uploaded: 1},
		"a distant server":               {replies: []time.Duration{100 * time.Millisecond}, client: 8, uploaded: 20},
		"one that is late once":          {replies: []time.Duration{time.Millisecond, time.Second}, client: 1, uploaded: 1},
		"one that is late first":         {replies: []time.Duration{time.Second, time.Millisecond}, client: 1, uploaded: 1},
		"a reply in no time":             {replies: []time.Duration{0, time.Second}, client: 1, uploaded: 1},
		"a distant one that grants few":  {replies: []time.Duration{100 * time.Millisecond}, granted: 3, client: 8, uploaded: 3},
		"a distant one that grants many": {replies: []time.Duration{100 * time.Millisecond}, granted: 30, client: 8, uploaded: 20},
		"a number that the caller chose": {replies: []time.Duration{time.Millisecond}, fixed: 6, granted: 3, client: 6, uploaded: 6},
	} {
		c := &Client{fixed: test.fixed}
		for _, roundTrip := range test.replies {
			c.roundTrip.note(roundTrip)
		}
		if got := c.Width(); got != test.client {
			t.Errorf("%s: the width of the client is %d, want %d", name, got, test.client)
		}
		if got := (&upload{client: c, maxStreams: test.granted}).Width(); got != test.uploaded {
			t.Errorf("%s: the width of an upload is %d, want %d", name, got, test.uploaded)
		}
	}
}

// TestFastStream checks that chunks are large only after a part has moved fast, and never to
// a busy server.
func TestFastStream(t *testing.T) {
	u := &upload{client: &Client{}}
	w := &partWriter{upload: u}
	check := func(after string, want int) {
		t.Helper()
		if got := u.ChunkBytes(); got != want {
			t.Errorf("after %s: chunks of %d bytes, want %d", after, got, want)
		}
	}
	check("nothing", sendChunk)
	// The times are far enough away that those of the test do not matter.
	w.measuring = time.Now().Add(time.Hour)
	w.noteSentLocked(rateBytes - 1)
	check("too little to tell", sendChunk)
	w.noteSentLocked(1)
	check("a fast part", 1<<20)
	u.maxStreams = 1
	check("the grant of a busy server", busyChunk)
	u.maxStreams = 0
	w.measuring = time.Now().Add(-time.Hour)
	w.noteSentLocked(rateBytes)
	check("a slow part", sendChunk)
}
