package client

import (
	"sync"
	"time"
)

const (
	// maxLanes is how many streams carry one client's large files at most, and
	// maxConnections over how many connections.
	maxLanes       = 24
	maxConnections = 4
	// firstLanes is how many there are at once, and how many times more a round trip
	// later.
	firstLanes = 4
	// firstRate is what the lanes that there are without a measurement are to carry, in
	// bytes a second, with laneBytes under way in each: of a server's flow-control
	// window a fourth may be free without the client knowing yet.
	firstRate = 150e6
	laneBytes = 3 << 18
	// minPaceInterval is the shortest time over which the rate is measured.
	minPaceInterval = 100 * time.Millisecond
	// worthwhile is how much faster twice as many lanes have to be, to stay.
	worthwhile = 1.25
	// fastLane is what a lane carries that is called fast, in bytes a second: the
	// largest message takes 32 ms then.
	fastLane = 32 << 20
)

// pace finds out how many lanes large files need: streams with a flow-control window
// each, spread over connections with a TCP window each. It goes up to what
// the round trip suggests, soon but in steps, so that a server that many begin to use at
// once can say in time that it is busy, in Begun.max_streams: it answers as late as one
// that is far away. From there on it doubles the lanes while that makes the bytes move
// faster, and goes back one step when it does not. It is safe for concurrent use; the zero value
// is ready.
type pace struct {
	mu sync.Mutex
	// roundTrip is the shortest so far, 0 if there was none.
	roundTrip time.Duration
	// now is how many lanes there are to be, 0 means that nothing has moved, and before
	// what it was one step ago.
	now, before int
	settled     bool
	// bytes have moved since started, which may be still to come; at best the rate
	// before.
	bytes   int64
	started time.Time
	best    float64
	// each is the rate of one lane when it was measured last.
	each float64
}

// answered takes into account how long a reply took.
func (p *pace) answered(roundTrip time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.roundTrip == 0 || roundTrip < p.roundTrip {
		p.roundTrip = max(roundTrip, 1)
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
	suggested := p.suggested()
	interval := max(minPaceInterval, 2*p.roundTrip)
	if p.lanesNow() < suggested {
		interval = p.roundTrip
	}
	passed := at.Sub(p.started)
	if passed > 2*interval { // nothing was under way meanwhile
		p.started, p.bytes, passed = at, 0, 0
	}
	if passed < 0 { // what was under way before is still arriving
		return
	}
	p.bytes += int64(n)
	if passed < interval {
		return
	}
	if p.lanesNow() < suggested {
		p.now, p.started, p.bytes = min(firstLanes*p.lanesNow(), suggested), at, 0
		return
	}
	rate := float64(p.bytes) / passed.Seconds()
	p.each = rate / float64(p.lanesNow())
	switch faster := rate > worthwhile*p.best; {
	case faster && p.lanesNow() < maxLanes:
		p.best = rate
		p.before, p.now = p.lanesNow(), min(2*p.lanesNow(), maxLanes)
		p.started, p.bytes = at.Add(2*p.roundTrip), 0 // more lanes show only then
	case faster:
		p.settled = true
	default:
		p.now, p.settled = max(p.before, 1), true
	}
}

// fast reports whether a lane is known to be fast, once it is settled how many there are:
// before that, a server may not have had the time to say that it is busy.
func (p *pace) fast() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settled && p.each >= fastLane
}

// lanesNow is lanes for who holds mu.
func (p *pace) lanesNow() int {
	if p.now > 0 {
		return p.now
	}
	return min(p.suggested(), firstLanes)
}

// suggested is how many lanes the round trip suggests.
func (p *pace) suggested() int {
	return min(max(int(p.roundTrip.Seconds()*firstRate/laneBytes), 1), maxLanes)
}
