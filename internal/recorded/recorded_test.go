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
	if _, ofNext := recorded.NewContext(call); ofNext.Failure() {
		t.Error("the failure of an action counts for the next")
	}
	whole := recorded.NewCall(t.Context())
	_, ofPart := recorded.NewContext(whole)
	if ofPart.Failure() {
		t.Error("a failure is recorded before there is one")
	}
	recorded.CallFailure(whole)
	if _, ofNext := recorded.NewContext(whole); !ofPart.Failure() || !ofNext.Failure() {
		t.Error("the failure of a whole call does not count for its actions")
	}
}
