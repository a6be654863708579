package browser

import (
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/network"
)

// unlimited is the rate of a connection as it is.
const unlimited = -1

// network makes the tab's connection slow, with so many bytes a second in each direction, or takes it
// away.
func (b *tab) network(rate float64, offline bool) {
	b.t.Helper()
	const latency = 150 // milliseconds, of a phone
	b.run(
		command(network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{Latency: latency, DownloadThroughput: rate, UploadThroughput: rate, Offline: offline}},
		}),
		command(network.OverrideNetworkState, network.OverrideNetworkStateParams{
			Offline: offline, Latency: latency, DownloadThroughput: rate, UploadThroughput: rate, ConnectionType: network.ConnectionTypeCellular3g,
		}),
	)
}

// TestOffline uploads from a phone with a slow connection, which is lost in the middle: the page says
// so, and goes on by itself when the connection is back.
func TestOffline(t *testing.T) {
	s := serve(t)
	g := newGate(t, s, all)
	b := s.through(g).open(t, "#/d/", look{width: 360, height: 740})
	b.shows("d")
	b.run(command(network.Enable, network.EnableParams{}))
	b.network(mebibyte, false)
	content := random(9, 14*mebibyte)
	b.choose("#files", file(t, "large.bin", content))
	g.wait(t, 5*mebibyte)
	b.state("slow")
	b.network(mebibyte, true)
	b.waitText("This device is offline")
	b.wait(`document.querySelector('.upload[data-state="retrying"]')`)
	b.state("offline")
	if _, status := s.read("d/large.bin"); status != http.StatusNotFound {
		t.Errorf("half a file has status %d", status)
	}
	b.network(unlimited, false)
	b.idle()
	b.waitText("1 of 1 uploaded")
	s.has("d/large.bin", content)
	if passed := g.wait(t, 0); passed > 19*mebibyte {
		t.Errorf("%d bytes were sent for 14 MiB", passed)
	}
	b.rows()
}
