package native

import "sync"

// StreamGrant is how many streams one upload under way may have. It is safe for
// concurrent use. The zero value has none.
type StreamGrant struct {
	mu      sync.Mutex
	granted int64
	// revoked: nothing more is granted.
	revoked bool
}

// Ask returns how many streams the upload, which is one of so many, may have now.
func (g *StreamGrant) Ask(memory Memory, uploads int) uint32 {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.revoked {
		return 1
	}
	g.granted = memory.GrantStreams(g.granted, uploads)
	return uint32(g.granted) //nolint:gosec // a share of the calls that memory allows
}

// Revoke gives back what was granted to an upload that ends.
func (g *StreamGrant) Revoke(memory Memory) {
	g.mu.Lock()
	defer g.mu.Unlock()
	memory.DropStreams(g.granted)
	g.granted, g.revoked = 0, true
}
