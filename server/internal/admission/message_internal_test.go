package admission

import (
	"testing"

	"github.com/tranship/tranship/server/limit"
)

// The messages of a stream cost no allocation, with all limits and credentials.
func TestMessagesDoNotAllocate(t *testing.T) {
	d := slow(limit.Options{Bandwidth: 1 << 50, BandwidthPerPrincipal: 1 << 50})
	call, err := begin(d, as(t.Context(), "ann", "192.0.2.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	defer call.End()
	err = call.Run(Stream{}, func() error {
		allocations := testing.AllocsPerRun(1000, func() {
			call.Receiving()
			if err := call.Received(1<<10, nil); err != nil {
				t.Error(err)
			}
			if err := call.Sending(1 << 10); err != nil {
				t.Error(err)
			}
			call.Sent(1 << 10)
		})
		if allocations != 0 {
			t.Errorf("a message each way costs %v allocations", allocations)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
