package crashtest

import (
	"path/filepath"
	"testing"

	"github.com/tranship/tranship/internal/faultproxy"
)

// A download survives the server, the client, or both at any moment.
func TestDownload(t *testing.T) {
	p := parametersOf(t)
	s := newSite(t, faultproxy.Link{Down: faultproxy.Faults{BytesPerSecond: p.rate}})
	source := filepath.Join(directory(t), "source.bin")
	makeFile(t, source, p.size, 0)
	start(t, "cp", source, s.place("file.bin")).succeeds(t, patience)

	var losses losses
	crashes := 0
	for crashes < p.kills {
		local := directory(t)
		target := filepath.Join(local, "target.bin")
		cp := func() *process { return start(t, "cp", "--json", s.place("file.bin"), target) }

		begun := s.proxy.Passed(faultproxy.Down)
		passed := begun
		client := cp()
		for crashes < p.kills && s.passes(t, faultproxy.Down, passed+p.next(), client) {
			victims := p.victims()
			s.kill(t, victims, client)
			crashes++
			now := s.proxy.Passed(faultproxy.Down)
			t.Logf("crash %d, of the %v: %d bytes received since the last, whole: %v",
				crashes, victims, now-passed, visible(t, source, target))
			passed = now
			s.reveal()
			if victims.client {
				client = cp()
			}
		}
		client.succeeds(t, patience)
		same(t, source, target)
		only(t, local, "target.bin")
		losses.size += p.size
		losses.passed += s.proxy.Passed(faultproxy.Down) - begun
	}
	losses.report(t, crashes)
	s.clean(t)
	s.server.stop(t)
}
