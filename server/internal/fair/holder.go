package fair

import (
	"slices"
	"time"
)

// tally counts what all callers have, and how much of it callers without credentials
// have.
type tally struct{ all, strangers int64 }

func (t *tally) add(own *holder, n int64) {
	t.all += n
	if own.stranger {
		t.strangers += n
	}
}

// holder is a caller that has places or waits for one. A caller without calls takes no
// memory.
type holder struct {
	name              string
	stranger, suspect bool
	// used counts the places of the active calls, and present is for how much of the room
	// all calls count.
	used, present   int64
	active, waiting []*Place
}

// precedes reports whether silent calls of other give way to a call of h, when h has own
// calls and other has others.
func (h *holder) precedes(other *holder, own, others int64) bool {
	if h.suspect != other.suspect {
		return other.suspect
	}
	return own < others
}

// worse reports whether silent calls of h give way before those of other, when h has own
// calls and other has others.
func (h *holder) worse(other *holder, own, others int64) bool {
	if h.suspect != other.suspect {
		return h.suspect
	}
	return own > others
}

// rank sorts suspects last.
func (h *holder) rank() int {
	if h.suspect {
		return 1
	}
	return 0
}

// newest is the silent call of h that gives way to a call of by when the room is full:
// the last that waits or, if none waits, the first whose grace is over.
func (h *holder) newest(by *holder) *Place {
	for _, p := range slices.Backward(h.waiting) {
		if p.silent {
			return p
		}
	}
	for _, p := range h.active {
		if p.silent && now().Sub(p.since) >= p.grace(by) {
			return p
		}
	}
	return nil
}

const (
	// suspectTime is how long a caller stays suspect.
	suspectTime = time.Minute
	// maxSuspects bounds the suspects that a queue remembers.
	maxSuspects = 4096
)

// isSuspectLocked reports whether a caller is suspect. The caller holds mu.
func (q *Queue) isSuspectLocked(name string) bool {
	at, ok := q.suspects[name]
	if ok && now().Sub(at) >= suspectTime {
		delete(q.suspects, name)
		ok = false
	}
	return ok
}

// suspectLocked makes a caller suspect. The caller holds mu.
func (q *Queue) suspectLocked(own *holder) {
	if q.suspects == nil {
		q.suspects = make(map[string]time.Time)
	}
	if _, known := q.suspects[own.name]; !known && len(q.suspects) >= maxSuspects {
		for other := range q.suspects {
			delete(q.suspects, other) // which one does not matter
			break
		}
	}
	q.suspects[own.name] = now()
	own.suspect = true
}
