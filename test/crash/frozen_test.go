package crash

import (
	"path/filepath"
	"testing"

	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/filetest"
)

// TestFrozen checks that a copy survives connections that stay open and carry no more
// data: it detects that, reconnects, and continues.
func TestFrozen(t *testing.T) { overTransports(t, freeze) }

func freeze(t *testing.T, transport string) {
	const size = 32 << 20
	s := newSite(t, faultproxy.Link{
		Up:   faultproxy.Faults{BytesPerSecond: size},
		Down: faultproxy.Faults{BytesPerSecond: size},
	})
	source, target := filepath.Join(t.TempDir(), "source"), filepath.Join(t.TempDir(), "target")
	filetest.WriteRandom(t, source, size, 8)
	for _, test := range []struct {
		direction faultproxy.Direction
		from, to  string
		result    string
	}{
		{faultproxy.Up, source, s.proxyURL("file"), s.file("file")},
		{faultproxy.Down, s.proxyURL("file"), target, target},
	} {
		begun := s.proxy.Passed(test.direction)
		client := start(t, "cp", transport, "--stall-timeout", "3s", test.from, test.to)
		if !s.passes(t, test.direction, begun+size/2, client) {
			t.Fatalf("it ended early: %s", client.Err.String())
		}
		s.proxy.Freeze()
		client.Succeeds(t, patience)
		same(t, source, test.result)
		t.Logf("%d bytes for %d; it said: %s", s.proxy.Passed(test.direction)-begun, size, client.Err.String())
	}
	s.proxy.Cut() // Close frozen connections.
	s.clean(t)
	s.server.stop(t)
}
