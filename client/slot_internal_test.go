package client

import (
	"testing"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// TestAwaitBegun checks that the reply to a begin counts also if the stream has ended by
// the time that it is looked for, so that what is wrong with it is told.
func TestAwaitBegun(t *testing.T) {
	for range 100 { // select takes any of what is ready
		s := &slot{begun: make(chan *transhipv1.Begun, 1), done: make(chan struct{}), err: errStreamEnded}
		want := &transhipv1.Begun{UploadId: "id"}
		s.begun <- want
		close(s.done)
		if got, err := s.awaitBegun(t.Context()); got != want || err != nil {
			t.Fatalf("%v, %v; want the reply", got, err)
		}
		if got, err := s.awaitBegun(t.Context()); got != nil || err != errStreamEnded {
			t.Fatalf("%v, %v; want the end of the stream", got, err)
		}
	}
}
