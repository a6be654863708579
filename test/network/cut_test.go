package network

import (
	"math/rand/v2"
	"testing"

	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/transfer"
)

const cutSize = 6<<20 + 12345

// cuts returns links whose connections are cut after a random number of bytes.
func cuts(random *rand.Rand, direction faultproxy.Direction) func(int) faultproxy.Link {
	return func(int) faultproxy.Link {
		after := random.Int64N(cutSize)
		if random.IntN(8) == 0 {
			after = random.Int64N(1000) // while the connection is being established
		}
		faults := faultproxy.Faults{CutAfter: &after}
		if direction == faultproxy.Down {
			return faultproxy.Link{Down: faults}
		}
		return faultproxy.Link{Up: faults}
	}
}

// cut copies over connections that are cut repeatedly, until a copy succeeds. A failed
// copy is started again.
func cut(t *testing.T, seeds, attempts int, download bool) {
	overTransports(t, func(t *testing.T, transport client.Transport) { cutOver(t, transport, seeds, attempts, download) })
}

func cutOver(t *testing.T, transport client.Transport, seeds, attempts int, download bool) {
	t.Parallel()
	s := newSite(t, transport)
	local := t.TempDir()
	source, target := local, s.root
	direction := faultproxy.Up
	if download {
		source, target, direction = s.root, local, faultproxy.Down
	}
	var copies, skipped int64
	for seed := range seeds {
		empty(t, source)
		empty(t, target)
		want := files{"large": random(byte(seed), cutSize), "dir/small": random(byte(seed), 5000)}
		want.write(t, source)
		dir := openDir(t, local)
		s.proxy.SetLinks(cuts(rand.New(rand.NewPCG(uint64(seed), 0)), direction))
		for n := 0; ; n++ {
			if n == 30 {
				// If every connection is cut before the next part is durable, the copy
				// never ends: stop cutting.
				s.proxy.SetLinks(nil)
			}
			c := copying{options: transfer.Options{Attempts: attempts}}
			remote, err := s.dial(t, s.proxy.Address(), patience)
			if err == nil && download {
				err = c.down(t, remote, dir)
			} else if err == nil {
				err = c.up(t, dir, remote)
			}
			copies++
			skipped += c.skipped()
			if wrong := want.unlike(t, target, err == nil); wrong != nil {
				t.Fatalf("seed %d: the copy ended with %v, and then: %v", seed, err, wrong)
			}
			if err == nil {
				break
			}
			if n > 30 {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		if left := leftovers(t, s, local); left != nil {
			t.Errorf("seed %d: leftovers: %v", seed, left)
		}
	}
	t.Logf("%d copies over %d connections: %d bytes skipped, %d sent", copies, s.proxy.Connections(), skipped, s.proxy.Passed(direction))
	// Only data of an earlier copy counts as skipped.
	if skipped == 0 && attempts == 1 {
		t.Error("no copy was resumed")
	}
}

func TestCutUpload(t *testing.T)       { cut(t, 3, 8, false) }
func TestCutUploadAnew(t *testing.T)   { cut(t, 12, 1, false) }
func TestCutDownload(t *testing.T)     { cut(t, 3, 8, true) }
func TestCutDownloadAnew(t *testing.T) { cut(t, 12, 1, true) }
