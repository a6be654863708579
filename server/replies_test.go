package server

import (
	"testing"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// TestProgressIsMerged replaces a progress that waits: its counts go, the parts it
// told of stay.
func TestProgressIsMerged(t *testing.T) {
	r := newReplies()
	r.progressed(&transhipv1.Progress{Slot: 1, ReceivedBytes: 1, NewlyDurable: []*transhipv1.Range{{Offset: 0}}})
	r.progressed(&transhipv1.Progress{Slot: 2, ReceivedBytes: 5})
	r.progressed(&transhipv1.Progress{Slot: 1, ReceivedBytes: 2, NewlyDurable: []*transhipv1.Range{{Offset: 7}}})
	if r.waiting() != 2 {
		t.Errorf("%d replies wait, want 2", r.waiting())
	}
	first, _ := r.next()
	got := first.GetProgress()
	if got.GetSlot() != 1 || got.GetReceivedBytes() != 2 || len(got.GetNewlyDurable()) != 2 {
		t.Errorf("the first is %v, want the newest counts and both parts", got)
	}
}

// TestRepliesWeigh counts a reply with thousands of ranges as many.
func TestRepliesWeigh(t *testing.T) {
	r := newReplies()
	r.begun(&transhipv1.Begun{Slot: 1, Durable: make([]*transhipv1.Range, 1600)})
	if r.waiting() != 101 {
		t.Errorf("a begun with 1600 ranges weighs %d, want 101", r.waiting())
	}
	if r.next(); r.waiting() != 0 {
		t.Errorf("nothing weighs %d", r.waiting())
	}
}
