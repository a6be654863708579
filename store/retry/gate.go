package retry

import (
	"context"
	"math"
	"sync"
)

// gate lets through as many calls at once as a store takes. The zero value lets through
// any number until one fails. It is safe for concurrent use.
type gate struct {
	mu sync.Mutex
	// limit is how many calls may be inside; 0: any number.
	limit  float64
	inside int
	// wave counts how often limit was halved. Calls of an earlier wave do not halve it
	// again: they were let through by the limit before.
	wave    int
	waiting []chan struct{}
}

// ticket is a call that is inside.
type ticket struct{ wave int }

// enter waits until a call may begin.
func (g *gate) enter(ctx context.Context) (ticket, error) {
	g.mu.Lock()
	if g.fits() && len(g.waiting) == 0 {
		defer g.mu.Unlock()
		g.inside++
		return ticket{g.wave}, nil
	}
	turn := make(chan struct{})
	g.waiting = append(g.waiting, turn)
	g.mu.Unlock()
	select {
	case <-turn: // admit has counted it
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
	g.inside-- // its turn came meanwhile
	g.admit()
	return ticket{}, ctx.Err()
}

// leave is the end of a call, which the store answered or not.
func (g *gate) leave(t ticket, answered bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case !answered && t.wave == g.wave:
		g.limit = max(1, math.Floor(float64(g.inside)/2))
		g.wave++
	case answered && g.limit > 0:
		g.limit += 1 / g.limit
	}
	g.inside--
	g.admit()
}

// fits reports whether one more call may be inside. The caller holds mu.
func (g *gate) fits() bool { return g.limit == 0 || float64(g.inside) < math.Floor(g.limit) }

// admit lets in calls that wait, while there is room. The caller holds mu.
func (g *gate) admit() {
	for len(g.waiting) > 0 && g.fits() {
		close(g.waiting[0])
		g.waiting = g.waiting[1:]
		g.inside++
	}
}
