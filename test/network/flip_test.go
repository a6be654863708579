package network

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/raced"
	"github.com/tranship/tranship/transfer"
)

// flips returns the offsets of damaged bytes: many at the beginning, where the requests
// are, some at the end, and some in between.
func flips(total int64) []int64 {
	const ends, middle = 600, 12
	each := int64(16)
	if raced.On {
		each = 64
	}
	random := rand.New(rand.NewPCG(uint64(total), 0))
	var offsets []int64
	for offset := random.Int64N(each); offset < total; offset += 1 + random.Int64N(2*each-1) {
		offsets = append(offsets, offset)
		if offset >= ends && offset < total-ends {
			offset = total - ends
		}
	}
	for range middle {
		offsets = append(offsets, random.Int64N(total))
	}
	return offsets
}

// flip runs copies over a connection with one damaged byte. Wherever it is, no wrong file
// appears, and another copy completes the rest.
func flip(t *testing.T, direction faultproxy.Direction, download bool) {
	overTransports(t, func(t *testing.T, transport client.Transport) { flipOver(t, transport, direction, download) })
}

func flipOver(t *testing.T, transport client.Transport, direction faultproxy.Direction, download bool) {
	t.Parallel() // Most of the time it waits for data that does not arrive.
	want := files{"small": random(1, 20_000), "dir/empty": {}, "dir/large": random(2, 1<<20+100_000)}
	s := newSite(t, transport)
	local := t.TempDir()
	source, target := local, s.root
	if download {
		source, target = s.root, local
	}
	want.write(t, source)
	dir := openDir(t, local)
	c := copying{options: transfer.Options{Attempts: 1, StallTimeout: patience}}
	attempt := func(connectTimeout time.Duration) error {
		remote, err := s.dial(t, s.proxy.Address(), connectTimeout)
		if err != nil {
			return err
		}
		defer remote.Close()
		if download {
			// The files are named explicitly, because a list has no checksum.
			return c.run(t, dir, want.items(remote))
		}
		return c.up(t, dir, remote)
	}

	before := s.proxy.Passed(direction)
	if err := attempt(patience); err != nil {
		t.Fatalf("unharmed: %v", err)
	}
	failed := 0
	for n, offset := range flips(s.proxy.Passed(direction) - before) {
		empty(t, target)
		faults := faultproxy.Faults{FlipAt: &offset, FlipMask: 1 << (n % 8)}
		link := faultproxy.Link{Up: faults}
		if direction == faultproxy.Down {
			link = faultproxy.Link{Down: faults}
		}
		s.proxy.SetLinks(func(int) faultproxy.Link { return link })
		c.options.StallTimeout = 300 * time.Millisecond
		err := attempt(500 * time.Millisecond)
		c.options.StallTimeout = patience
		if err != nil {
			failed++
		}
		if wrong := want.unlike(t, target, err == nil); wrong != nil {
			t.Fatalf("offset %d, mask %02x: the copy ended with %v, and then: %v", offset, faults.FlipMask, err, wrong)
		}
		s.proxy.SetLinks(nil)
		if err := attempt(patience); err != nil {
			t.Fatalf("offset %d, mask %02x: copying again: %v", offset, faults.FlipMask, err)
		}
		if wrong := want.unlike(t, target, true); wrong != nil {
			t.Fatalf("offset %d, mask %02x: after copying again: %v", offset, faults.FlipMask, wrong)
		}
	}
	t.Logf("%d copies failed and were completed by another", failed)
	if failed == 0 {
		t.Error("no damage was detected")
	}
}

func TestFlipUploadRequests(t *testing.T)    { flip(t, faultproxy.Up, false) }
func TestFlipUploadResponses(t *testing.T)   { flip(t, faultproxy.Down, false) }
func TestFlipDownloadRequests(t *testing.T)  { flip(t, faultproxy.Up, true) }
func TestFlipDownloadResponses(t *testing.T) { flip(t, faultproxy.Down, true) }
