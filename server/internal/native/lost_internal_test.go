package native

import (
	"fmt"
	"testing"
)

// TestLostUploads checks that one caller's lost uploads push out none of another's.
func TestLostUploads(t *testing.T) {
	var lost lostUploads
	lost.add("victim", lostUpload{owner: "bob", epoch: 1, caller: "principal bob"})
	for i := range 2 * maxLost {
		lost.add(fmt.Sprint("alice", i), lostUpload{owner: "alice", epoch: 1, caller: "principal alice"})
	}
	if !lost.has("victim", "bob", 1) {
		t.Error("one caller's uploads made the server forget another's")
	}
	if lost.has("victim", "alice", 1) || lost.has("victim", "bob", 2) {
		t.Error("an upload is another owner's, or of another epoch")
	}
	if last := fmt.Sprint("alice", 2*maxLost-1); !lost.has(last, "alice", 1) || lost.has("alice0", "alice", 1) {
		t.Error("of one caller's uploads, others than the last are remembered")
	}
	if n := len(lost.byID); n != maxLostOfCaller+1 {
		t.Errorf("%d are remembered, want %d", n, maxLostOfCaller+1)
	}
	// Many callers together: those with the most lose theirs.
	for i := range 2 * maxLost {
		lost.add(fmt.Sprint("other", i), lostUpload{caller: fmt.Sprint("peer ", i%50)})
	}
	if n := len(lost.byID); n != maxLost || !lost.has("victim", "bob", 1) {
		t.Errorf("%d are remembered, want %d and the victim's", n, maxLost)
	}
	for id := range lost.byID {
		lost.remove(id)
	}
	if len(lost.byID)+len(lost.ids) != 0 {
		t.Error("what was removed is remembered")
	}
}
