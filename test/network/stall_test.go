package network

import (
	"errors"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/transfer"
)

// TestStall checks that a stalled copy ends after its stall timeout, wherever it stalled,
// and that the next copy resumes it.
func TestStall(t *testing.T) { overTransports(t, stall) }

func stall(t *testing.T, transport client.Transport) {
	// A lane needs fewer bytes beside the content.
	requests, responses := int64(700), int64(400)
	if transport == client.TransportLanes {
		requests, responses = 120, 60
	}
	for name, test := range map[string]struct {
		link     faultproxy.Link
		download bool
	}{
		"upload, requests":    {faultproxy.Link{Up: faultproxy.Faults{StallAfter: new(int64(1 << 20))}}, false},
		"upload, responses":   {faultproxy.Link{Down: faultproxy.Faults{StallAfter: &responses}}, false},
		"upload, both":        {faultproxy.Link{Up: faultproxy.Faults{FreezeAfter: new(int64(1 << 20))}}, false},
		"download, requests":  {faultproxy.Link{Up: faultproxy.Faults{StallAfter: &requests}}, true},
		"download, responses": {faultproxy.Link{Down: faultproxy.Faults{StallAfter: new(int64(1 << 20))}}, true},
		"download, both":      {faultproxy.Link{Down: faultproxy.Faults{FreezeAfter: new(int64(1 << 20))}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, transport)
			local := t.TempDir()
			source, target := local, s.root
			if test.download {
				source, target = s.root, local
			}
			want := files{"large": random(3, 16<<20)}
			want.write(t, source)
			dir := openDir(t, local)
			c := copying{options: transfer.Options{Attempts: 1, StallTimeout: 500 * time.Millisecond}}
			attempt := func() error {
				remote := s.mustDial(t, s.proxy.Address())
				defer remote.Close()
				if test.download {
					return c.down(t, remote, dir)
				}
				return c.up(t, dir, remote)
			}

			s.proxy.SetLinks(func(n int) faultproxy.Link {
				if n == 0 && transport == client.TransportLanes {
					return faultproxy.Link{} // the connection for gRPC
				}
				return test.link
			})
			begun := time.Now()
			err := attempt()
			if !errors.Is(err, tranship.ErrUnavailable) {
				t.Errorf("stalled: %v", err)
			}
			t.Logf("after %v: %v", time.Since(begun), err)
			if wrong := want.unlike(t, target, false); wrong != nil {
				t.Error(wrong)
			}
			s.proxy.SetLinks(nil)
			c.options.StallTimeout = 0 // nothing stalls, but the machine may be busy
			if err := attempt(); err != nil {
				t.Fatalf("copying again: %v", err)
			}
			if wrong := want.unlike(t, target, true); wrong != nil {
				t.Error(wrong)
			}
			t.Logf("%d bytes skipped", c.skipped())
		})
	}
}

// TestSlow checks that a slow link with a long delay is not a stall.
func TestSlow(t *testing.T) { overTransports(t, slow) }

func slow(t *testing.T, transport client.Transport) {
	t.Parallel()
	s := newSite(t, transport)
	local := t.TempDir()
	want := files{"up": random(4, 4<<20), "small": random(5, 1000)}
	want.write(t, local)
	slow := faultproxy.Faults{Latency: 50 * time.Millisecond, BytesPerSecond: 1 << 20}
	s.proxy.SetLinks(func(int) faultproxy.Link { return faultproxy.Link{Up: slow, Down: slow} })
	c := copying{options: transfer.Options{Attempts: 1, StallTimeout: 3 * time.Second}}
	if err := c.up(t, openDir(t, local), s.mustDial(t, s.proxy.Address())); err != nil {
		t.Fatal(err)
	}
	if wrong := want.unlike(t, s.root, true); wrong != nil {
		t.Error(wrong)
	}
	back := t.TempDir()
	if err := c.down(t, s.mustDial(t, s.proxy.Address()), openDir(t, back)); err != nil {
		t.Fatal(err)
	}
	if wrong := want.unlike(t, back, true); wrong != nil {
		t.Error(wrong)
	}
}
