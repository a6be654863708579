package client

import (
	"testing"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// TestAwaitBegun checks that awaitBegun returns the reply to a begin even if the stream has
// ended since, so that an error in the reply is reported.
func TestAwaitBegun(t *testing.T) {
	for range 100 { // select chooses a ready case at random
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
