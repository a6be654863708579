package crash

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/filetest"
)

// patience bounds how long one copy may take after the last kill.
const patience = 5 * time.Minute

// TestUpload checks that an upload survives a crash of the server, the client, or both at
// any moment.
func TestUpload(t *testing.T) { overTransports(t, crashUploads) }

func crashUploads(t *testing.T, transport string) {
	p := parametersOf(t)
	s := newSite(t, faultproxy.Link{Up: faultproxy.Faults{BytesPerSecond: p.rate}})
	u := &upload{parameters: p, site: s, local: t.TempDir(), transport: transport}
	for n := 0; u.crashes < p.kills; n++ {
		u.copy(t, n)
	}
	u.losses.report(t, p.loss())
	s.clean(t)
	s.server.stop(t)
}

// upload is the state of repeated uploads with crashes.
type upload struct {
	parameters
	*site
	local string
	// transport is a flag of the client.
	transport string
	crashes   int
	losses    losses
}

// copy uploads one file, with kills while any remain.
func (u *upload) copy(t *testing.T, n int) {
	t.Helper()
	path := fmt.Sprintf("up/%d.bin", n)
	source := filepath.Join(u.local, "source.bin")
	filetest.WriteRandom(t, source, u.size, byte(n))
	cp := func() *process { return start(t, "cp", "--json", u.transport, source, u.proxyURL(path)) }

	begun := u.proxy.Passed(faultproxy.Up)
	passed, durable := begun, int64(0)
	client := cp()
	for u.crashes < u.kills && u.passes(t, faultproxy.Up, passed+u.next(), client) {
		acknowledged := u.durable(t, path)
		victims := u.victims()
		u.kill(t, victims, client)
		u.crashes++

		now, kept := u.proxy.Passed(faultproxy.Up), u.durable(t, path)
		done := visible(t, source, u.file(path))
		if done {
			kept = u.size
		}
		if kept < acknowledged {
			t.Fatalf("crash %d, of the %v: of %d durable bytes %d remain", u.crashes, victims, acknowledged, kept)
		}
		lost := now - passed - (kept - durable)
		t.Logf("crash %d, of the %v: %d bytes sent since the last, %d durable in all, %d to send again",
			u.crashes, victims, now-passed, kept, lost)
		u.losses.all = append(u.losses.all, lost)
		passed, durable = now, kept
		u.reveal()
		if victims.client {
			client = cp()
		}
	}
	if client.began(t, patience) {
		client.Succeeds(t, patience)
	} else {
		cp().Succeeds(t, patience)
	}
	same(t, source, u.file(path))
	only(t, filepath.Join(u.root, "up"), names(n)...)
	u.losses.size += u.size
	u.losses.passed += u.proxy.Passed(faultproxy.Up) - begun
}

// names returns the names of the first n+1 files.
func names(n int) []string {
	var names []string
	for i := range n + 1 {
		names = append(names, fmt.Sprintf("%d.bin", i))
	}
	return names
}
