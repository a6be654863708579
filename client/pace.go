package client

import (
	"sync"
	"time"
)

const (
	// mostStreams is how many streams carry one client's large files at most, and
	// maxConnections over how many connections.
	mostStreams    = 24
	maxConnections = 4
	// firstStreams is how many there are at once, and how many times more a round trip
	// later.
	firstStreams = 4
	// firstRate is what the streams that there are without a measurement are to carry, in
	// bytes a second, with streamBytes under way in each: of a server's flow-control
	// window a fourth may be free without the client knowing yet.
	firstRate   = 150e6
	streamBytes = 3 << 18
	// minPaceInterval is the shortest time over which the rate is measured.
	minPaceInterval = 100 * time.Millisecond
	// worthwhile is how much faster twice as many streams have to be, to stay.
	worthwhile = 1.25
	// fastStream is what a stream carries that is called fast, in bytes a second: the
	// largest message takes 32 ms then.
	fastStream = 32 << 20
)

// pace finds out how many streams large files need: streams with a flow-control window
// each, spread over connections with a TCP window each. It goes up to what
// the round trip suggests, soon but in steps, so that a server that many begin to use at
// once can say in time that it is busy, in Begun.max_streams: it answers as late as one
// that is far away. From there on it doubles the streams while that makes the bytes move
// faster, and goes back one step when it does not. It is safe for concurrent use; the zero value
// is ready.
type pace struct {
	mu sync.Mutex
	// roundTrip is the shortest so far, 0 if there was none.
	roundTrip time.Duration
	// now is how many streams there are to be, 0 means that nothing has moved, and before
	// what it was one step ago.
	now, before int
	settled     bool
	// bytes have moved since started, which may be still to come; at best the rate
	// before.
	bytes   int64
	started time.Time
	best    float64
	// each is the rate of one stream when it was measured last.
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

// streams returns how many streams there should be.
func (p *pace) streams() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.streamsNowLocked()
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
	if p.streamsNowLocked() < suggested {
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
	if p.streamsNowLocked() < suggested {
		p.now, p.started, p.bytes = min(firstStreams*p.streamsNowLocked(), suggested), at, 0
		return
	}
	rate := float64(p.bytes) / passed.Seconds()
	p.each = rate / float64(p.streamsNowLocked())
	switch faster := rate > worthwhile*p.best; {
	case faster && p.streamsNowLocked() < mostStreams:
		p.best = rate
		p.before, p.now = p.streamsNowLocked(), min(2*p.streamsNowLocked(), mostStreams)
		p.started, p.bytes = at.Add(2*p.roundTrip), 0 // more streams show only then
	case faster:
		p.settled = true
	default:
		p.now, p.settled = max(p.before, 1), true
	}
}

// fast reports whether a stream is known to be fast, once it is settled how many there are:
// before that, a server may not have had the time to say that it is busy.
func (p *pace) fast() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settled && p.each >= fastStream
}

// streamsNowLocked is streams for a caller that holds mu.
func (p *pace) streamsNowLocked() int {
	if p.now > 0 {
		return p.now
	}
	return min(p.suggested(), firstStreams)
}

// suggested is how many streams the round trip suggests.
func (p *pace) suggested() int {
	return min(max(int(p.roundTrip.Seconds()*firstRate/streamBytes), 1), mostStreams)
}
