package native

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
	first, _ := r.take()
	got := first.decoded().GetProgress()
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
	if r.take(); r.waiting() != 0 {
		t.Errorf("nothing weighs %d", r.waiting())
	}
}

// TestRepliesInOrder takes replies of which some are kept encoded, with their content.
func TestRepliesInOrder(t *testing.T) {
	const count = 3 * mostDecoded
	r := newReplies()
	for slot := range uint64(count) {
		r.finished(&transhipv1.Finished{Slot: slot + 1, File: &transhipv1.File{Path: "a", Metadata: map[string]string{"k": "v"}}})
	}
	if held := r.held(); held < count*replyOverhead {
		t.Errorf("%d replies take %d bytes", count, held)
	}
	for slot := range uint64(count) {
		next, _ := r.take()
		if got := next.decoded().GetFinished(); got.GetSlot() != slot+1 || got.GetFile().GetMetadata()["k"] != "v" {
			t.Fatalf("after %d replies there is %v", slot, next.decoded())
		}
	}
	if r.held() != 0 || r.waiting() != 0 {
		t.Errorf("nothing takes %d bytes and weighs %d", r.held(), r.waiting())
	}
}
