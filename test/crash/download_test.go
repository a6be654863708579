package crash

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/partfile"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/internal/varfield"
)

// TestDownload checks that a download survives a crash of the server, the client, or both
// at any moment.
func TestDownload(t *testing.T) { overTransports(t, crashDownloads) }

func crashDownloads(t *testing.T, transport string) {
	p := parametersOf(t)
	s := newSite(t, faultproxy.Link{Down: faultproxy.Faults{BytesPerSecond: p.rate}})
	d := &download{parameters: p, site: s, source: filepath.Join(t.TempDir(), "source.bin"), transport: transport}
	filetest.WriteRandom(t, d.source, p.size, 0)
	start(t, "cp", d.source, s.proxyURL("file.bin")).Succeeds(t, patience)
	for d.crashes < p.kills {
		d.copy(t)
	}
	d.losses.report(t, p.loss())
	s.clean(t)
	s.server.stop(t)
}

// download is the state of repeated downloads with crashes.
type download struct {
	parameters
	*site
	source string
	// transport is a flag of the client.
	transport string
	crashes   int
	losses    losses
}

// copy downloads the file once, with kills while any remain.
func (d *download) copy(t *testing.T) {
	t.Helper()
	local := t.TempDir()
	target := filepath.Join(local, "target.bin")
	cp := func() *process { return start(t, "cp", "--json", d.transport, d.proxyURL("file.bin"), target) }

	begun := d.proxy.Passed(faultproxy.Down)
	passed, durable := begun, int64(0)
	client := cp()
	for d.crashes < d.kills && d.passes(t, faultproxy.Down, passed+d.next(), client) {
		acknowledged := journalled(t, local)
		victims := d.victims()
		d.kill(t, victims, client)
		d.crashes++

		now, kept := d.proxy.Passed(faultproxy.Down), journalled(t, local)
		if visible(t, d.source, target) {
			kept = d.size
		}
		if kept < acknowledged {
			t.Fatalf("crash %d, of the %v: of %d bytes kept %d remain", d.crashes, victims, acknowledged, kept)
		}
		lost := now - passed - (kept - durable)
		t.Logf("crash %d, of the %v: %d bytes received since the last, %d kept in all, %d to receive again",
			d.crashes, victims, now-passed, kept, lost)
		d.losses.all = append(d.losses.all, lost)
		passed, durable = now, kept
		d.reveal()
		if victims.client {
			client = cp()
		}
	}
	if client.began(t, patience) {
		client.Succeeds(t, patience)
	} else {
		cp().Succeeds(t, patience)
	}
	same(t, d.source, target)
	only(t, local, "target.bin")
	d.losses.size += d.size
	d.losses.passed += d.proxy.Passed(faultproxy.Down) - begun
}

// journalled returns how many bytes the journal of a partial file in dir has.
func journalled(t *testing.T, dir string) int64 {
	t.Helper()
	journals, err := filepath.Glob(filepath.Join(dir, ".tranship-*.journal"))
	if err != nil || len(journals) == 0 {
		return 0
	}
	data, err := os.ReadFile(journals[0])
	if err != nil {
		return 0 // The download may have ended.
	}
	id := strings.TrimSuffix(filepath.Base(journals[0]), ".journal")
	// The header begins with the size and the part size.
	history, _ := partfile.ReadJournal(id, data, func(content []byte) (partfile.Shape, bool) {
		d := varfield.Decoder{Rest: content}
		return partfile.Shape{Size: d.Number(), PartSize: d.Number()}, !d.Bad
	})
	return history.PartBytes()
}
