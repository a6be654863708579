package recorded_test

import (
	"testing"

	"github.com/tranship/tranship/internal/recorded"
)

func TestMark(t *testing.T) {
	recorded.Failure(t.Context()) // does nothing
	call, ofCall := recorded.NewContext(t.Context())
	slot, ofSlot := recorded.NewContext(call)
	recorded.Failure(slot)
	if ofCall.Failure() || !ofSlot.Failure() {
		t.Error("the failure of an action counts for another")
	}
	recorded.Failure(call)
	if !ofCall.Failure() {
		t.Error("the failure of a call does not count")
	}
}
