package fair

import (
	"slices"
	"time"
)

// Place is one or more places that a call has, or the wait for them. Its methods are
// safe for concurrent use.
type Place struct {
	queue  *Queue
	owner  *holder
	weight int64
	turn   uint64
	// since is when the place was granted.
	since time.Time
	// silent: the call has not sent a message, and gives way.
	silent bool
	// has: the call has its place. granted is closed then; over is closed when the call
	// must end. A channel that no call waits for is nil.
	has           bool
	granted, over chan struct{}
}

// Over is closed when the call must give way to another call. It is nil for a call that
// was not silent.
func (p *Place) Over() <-chan struct{} { return p.over }

// Leave gives the place back, or ends the wait for it. Further calls do nothing.
func (p *Place) Leave() {
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	if p.queue.removeLocked(p) {
		p.queue.scheduleLocked()
	}
}

// Arrived notes that the call has sent a message: from then on it keeps its place. It
// fails with ErrOvertaken if the call had to give way before.
func (p *Place) Arrived() error {
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	select {
	case <-p.over:
		return ErrOvertaken()
	default:
		p.silent = false
		return nil
	}
}

// grace is how long a silent call may hold its place when the caller by needs it.
func (p *Place) grace(by *holder) time.Duration {
	if p.owner.suspect && !by.suspect {
		return 0
	}
	return arrivalGrace
}

// endLocked makes a call give way. The caller holds mu.
func (q *Queue) endLocked(p *Place) {
	if p.has {
		q.suspectLocked(p.owner)
	}
	close(p.over)
	q.removeLocked(p)
}

// removeLocked takes a call out, and reports whether it was there. The caller holds mu.
func (q *Queue) removeLocked(p *Place) bool {
	own := p.owner
	switch {
	case without(&own.waiting, p):
		q.waiting--
	case without(&own.active, p):
		own.used -= p.weight
		q.used.add(own, -p.weight)
	default:
		return false
	}
	own.present -= q.presence(p.weight)
	q.present.add(own, -q.presence(p.weight))
	if own.present == 0 {
		delete(q.callers, own.name)
	}
	return true
}

func without(calls *[]*Place, p *Place) bool {
	i := slices.Index(*calls, p)
	if i >= 0 {
		*calls = slices.Delete(*calls, i, i+1)
	}
	return i >= 0
}
