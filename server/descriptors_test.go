package server

import (
	"testing"

	"github.com/tranship/tranship/server/limit"
)

// However few descriptors there are, connections and files leave some.
func TestShareDescriptors(t *testing.T) {
	for all, want := range map[int64]descriptors{
		256:     {64, 8, 128},
		1024:    {256, 32, 512},
		4096:    {1024, 128, 2048},
		16384:   {4096, 512, 8192},
		1 << 20: {4096, 512, 1<<19 + 1<<18 - 4096},
	} {
		got := shareDescriptors(all, limit.Options{})
		if got != want {
			t.Errorf("of %d descriptors: %+v, want %+v", all, got, want)
		}
		if left := all - got.files - int64(got.connections); left < all/4 {
			t.Errorf("of %d descriptors only %d are left", all, left)
		}
	}
	if got := shareDescriptors(1024, limit.Options{Connections: 900, ConnectionsPerPeer: 800}); got.connections != 900 || got.connectionsPerPeer != 800 {
		t.Errorf("what the operator asked for has become %+v", got)
	}
	if got := shareDescriptors(1024, limit.Options{Connections: -1}); got.connections != -1 || got.connectionsPerPeer != 512 {
		t.Errorf("no limit has become %+v", got)
	}
}
