package s3engine

import (
	"encoding/json"
	"fmt"
	"testing"
)

// AwaitCopies waits until the storage daemons that run have both copies of each object.
func (c *Ceph) AwaitCopies(t testing.TB) {
	t.Helper()
	poll(t, c.running(t), func() bool { return c.hasCopies(t) })
}

// hasCopies reports whether the daemons have both copies of each object: two have each placement
// group, and lack nothing of it. A daemon that has just come back may not know yet that it lacks
// something, but then another one does not count it.
func (c *Ceph) hasCopies(t testing.TB) bool {
	t.Helper()
	copies := map[string]int{}
	for n, p := range c.daemons {
		if p.Ended() {
			continue
		}
		var history struct {
			Groups []struct {
				ID    string `json:"pg"`
				State string `json:"currently"`
			} `json:"pgs"`
		}
		answer, ok := c.ask(t, "tell", fmt.Sprint("osd.", n), "dump_pgstate_history")
		if !ok {
			return false
		}
		if err := json.Unmarshal([]byte(answer), &history); err != nil {
			t.Fatalf("the states of daemon %d: %v", n, err)
		}
		for _, group := range history.Groups {
			switch group.State {
			case "Started/Primary/Active/Clean", "Started/ReplicaActive/RepNotRecovering":
				copies[group.ID]++
			default:
				copies[group.ID] += 0
			}
		}
	}
	for _, n := range copies {
		if n < cephCopies {
			return false
		}
	}
	return len(copies) > 0
}
