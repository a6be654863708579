package client

import (
	"sync"
	"time"
)

const (
	// maxLanes is how many streams carry one client's large files at most, and
	// maxConnections over how many connections.
	maxLanes       = 16
	maxConnections = 4
	// firstRate is what the lanes that there are at first are to carry, in bytes a
	// second, with laneWindow, a server's flow-control window, each.
	firstRate  = 150e6
	laneWindow = 1 << 20
	// minPaceInterval is the shortest time over which the rate is measured.
	minPaceInterval = 100 * time.Millisecond
	// worthwhile is how much faster twice as many lanes have to be, to stay.
	worthwhile = 1.25
)

// pace finds out how many lanes large files need: streams with a flow-control window
// each, spread over connections with a TCP window each. It begins with what the round
// trip suggests, doubles that while it makes the bytes move faster, and goes back one
// step when it does not. A server that is busy answers as late as one that is far
// away; it says so itself, by Begun.max_streams. It is safe for concurrent use; the
// zero value is ready.
type pace struct {
	mu sync.Mutex
	// now is how many lanes there are to be, before what it was one step ago; 0
	// means 1.
	now, before int
	settled     bool
	// interval is how long the rate is measured, 0: the shortest.
	interval time.Duration
	// bytes have moved since started, at best the rate before.
	bytes   int64
	started time.Time
	best    float64
}

// answered takes into account how long a reply took: for so long the rate is not
// known.
func (p *pace) answered(roundTrip time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.interval == 0 {
		p.now = min(max(int(roundTrip.Seconds()*firstRate/laneWindow), 1), maxLanes)
	}
	if p.interval == 0 || 2*roundTrip < p.interval {
		p.interval = max(minPaceInterval, 2*roundTrip)
	}
}

// lanes is how many there are to be.
func (p *pace) lanes() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lanesNow()
}

// moved notes that n bytes have moved, at a time.
func (p *pace) moved(n int, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.settled {
		return
	}
	interval := max(p.interval, minPaceInterval)
	passed := at.Sub(p.started)
	if passed > 2*interval { // nothing was under way meanwhile
		p.started, p.bytes = at, 0
	}
	p.bytes += int64(n)
	if passed < interval || passed > 2*interval {
		return
	}
	rate := float64(p.bytes) / passed.Seconds()
	p.started, p.bytes = at, 0
	switch faster := rate > worthwhile*p.best; {
	case faster && p.lanesNow() < maxLanes:
		p.before, p.now, p.best = p.lanesNow(), min(2*p.lanesNow(), maxLanes), rate
	case faster:
		p.settled = true
	default:
		p.now, p.settled = max(p.before, 1), true
	}
}

// lanesNow is lanes for who holds mu.
func (p *pace) lanesNow() int { return max(p.now, 1) }
