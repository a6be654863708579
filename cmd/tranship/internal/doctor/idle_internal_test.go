package doctor

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// A connection that something on the way has forgotten is found, and one that was closed is no
// problem.
func TestIdleConnection(t *testing.T) {
	t.Parallel()
	// The preface, the settings, a ping and the acknowledgment of the settings.
	before := int64(24 + 9 + 17 + 9)
	for _, test := range []struct {
		link  faultproxy.Link
		level Level
		words string
	}{
		{faultproxy.Link{}, Good, "still works"},
		{faultproxy.Link{Up: faultproxy.Faults{StallAfter: &before}}, Problem, "is dead"},
		{faultproxy.Link{Up: faultproxy.Faults{CutAfter: new(before + 1)}}, Note, "closed by the other end"},
	} {
		proxy, err := faultproxy.Listen(storeserver.Serve(t, new(mem.Store), server.Config{}), func(int) faultproxy.Link { return test.link })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = proxy.Close() })
		e := &examination{
			Options:   Options{Address: proxy.Address(), Idle: time.Millisecond, Patience: 2 * time.Second},
			addresses: []netip.AddrPort{netip.MustParseAddrPort(proxy.Address())},
		}
		found := e.idleConnection(t.Context())
		if found.Level != test.level || !strings.Contains(found.Text, test.words) {
			t.Errorf("%+v: want %s, %q", found, test.level, test.words)
		}
	}
}
