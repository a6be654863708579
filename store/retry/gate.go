package retry

import (
	"context"
	"math"
	"sync"
)

// gate limits the number of concurrent calls to what the store accepts. The zero value does
// not limit calls until one fails. It is safe for concurrent use.
type gate struct {
	mu sync.Mutex
	// limit is the number of calls that may run; 0 means unlimited.
	limit   float64
	running int
	// wave counts how often limit was halved. Calls of an earlier wave do not halve it
	// again, because they began under an earlier limit.
	wave    int
	waiting []chan struct{}
}

// ticket is a running call.
type ticket struct{ wave int }

// enter waits until a call may begin. The caller must pass the ticket to leave.
func (g *gate) enter(ctx context.Context) (ticket, error) {
	g.mu.Lock()
	if g.fitsLocked() && len(g.waiting) == 0 {
		defer g.mu.Unlock()
		g.running++
		return ticket{g.wave}, nil
	}
	turn := make(chan struct{})
	g.waiting = append(g.waiting, turn)
	g.mu.Unlock()
	select {
	case <-turn: // admitLocked has counted the call
		g.mu.Lock()
		defer g.mu.Unlock()
		return ticket{g.wave}, nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, other := range g.waiting {
		if other == turn {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			return ticket{}, ctx.Err()
		}
	}
	g.running-- // admitLocked has counted the call in the meantime
	g.admitLocked()
	return ticket{}, ctx.Err()
}

// leave ends a call. answered reports whether the store answered it. If not, leave halves
// the limit.
func (g *gate) leave(t ticket, answered bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case !answered && t.wave == g.wave:
		g.limit = max(1, math.Floor(float64(g.running)/2))
		g.wave++
	case answered && g.limit > 0:
		g.limit += 1 / g.limit
	}
	g.running--
	g.admitLocked()
}

// fitsLocked reports whether one more call may run.
func (g *gate) fitsLocked() bool {
	return g.limit == 0 || float64(g.running) < math.Floor(g.limit)
}

// admitLocked begins waiting calls, within the limit.
func (g *gate) admitLocked() {
	for len(g.waiting) > 0 && g.fitsLocked() {
		close(g.waiting[0])
		g.waiting = g.waiting[1:]
		g.running++
	}
}
