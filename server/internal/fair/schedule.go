package fair

import (
	"cmp"
	"slices"
	"time"
)

// makeRoomLocked reports whether there is room for one more call of a caller, which counts
// for so much of it. It may end silent calls of the callers with the most calls. The caller
// holds mu.
func (q *Queue) makeRoomLocked(own *holder, presence int64) bool {
	for {
		full, crowded := q.present.all+presence > q.open(q.room, own.present), own.stranger && q.present.strangers+presence > q.strangersRoom
		if !full && !crowded {
			return true
		}
		victim := q.victimLocked(own, presence, crowded)
		if victim == nil {
			return false
		}
		q.endLocked(victim)
	}
}

// victimLocked returns the silent call that gives way to a call of own when the room is
// full; nil if there is none. The caller holds mu.
func (q *Queue) victimLocked(own *holder, presence int64, crowded bool) (victim *Place) {
	for _, other := range q.callers {
		if other == own || crowded && !other.stranger || !own.precedes(other, own.present+presence, other.present) {
			continue
		}
		last := other.newest(own)
		if last != nil && (victim == nil || other.worse(victim.owner, other.present, victim.owner.present)) {
			victim = last
		}
	}
	return victim
}

// scheduleLocked gives places to calls that wait. The caller holds mu.
func (q *Queue) scheduleLocked() {
	for q.waiting > 0 {
		due, wait := q.nextLocked()
		if due == nil {
			q.lookAfterLocked(wait)
			return
		}
		q.grantLocked(due)
	}
}

// grantLocked gives places to the next call of a caller. The caller holds mu.
func (q *Queue) grantLocked(due *holder) {
	p := due.waiting[0]
	due.waiting = due.waiting[1:]
	due.active = append(due.active, p)
	due.used += p.weight
	q.waiting--
	q.used.add(due, p.weight)
	p.has, p.since = true, now()
	if p.granted != nil {
		close(p.granted)
	}
}

// nextLocked returns the caller whose call gets the next place: of the callers that may
// have one, the caller with the fewest places; of several, the one whose call has waited
// the longest. It ends silent calls to free the place. If no call may have a place,
// nextLocked returns when to look again; 0 means when a call ends. The caller holds mu.
func (q *Queue) nextLocked() (due *holder, wait time.Duration) {
	candidates := make([]*holder, 0, len(q.callers))
	for _, own := range q.callers {
		if len(own.waiting) > 0 && own.used+own.waiting[0].weight <= q.share {
			candidates = append(candidates, own)
		}
	}
	slices.SortFunc(candidates, func(a, b *holder) int {
		if a.suspect != b.suspect {
			return cmp.Compare(a.rank(), b.rank())
		}
		return cmp.Or(cmp.Compare(a.used, b.used), cmp.Compare(a.waiting[0].turn, b.waiting[0].turn))
	})
	for _, own := range candidates {
		if full, crowded := q.lacksLocked(own); !full && !crowded {
			return own, 0
		}
	}
	for _, own := range candidates {
		for {
			full, crowded := q.lacksLocked(own)
			if !full && !crowded {
				return own, 0
			}
			oldest := q.oldestLocked(own, crowded)
			if oldest == nil {
				break
			}
			if left := oldest.grace(own) - now().Sub(oldest.since); left > 0 {
				if wait == 0 || left < wait {
					wait = left
				}
				break
			}
			q.endLocked(oldest)
		}
	}
	return nil, wait
}

// open is the part of all that a caller may use: all of it for a caller that has
// nothing, all but the last 16th for one that has some.
func (q *Queue) open(all, has int64) int64 {
	if has > 0 {
		all -= q.part(all, 16)
	}
	return all
}

// lacksLocked reports why the next call of a caller cannot have a place: full means that
// no place is left, crowded that none is left for callers without credentials. The
// caller holds mu.
func (q *Queue) lacksLocked(own *holder) (full, crowded bool) {
	weight := own.waiting[0].weight
	return q.used.all+weight > q.open(q.places, own.used), own.stranger && q.used.strangers > 0 && q.used.strangers+weight > q.strangers
}

// oldestLocked is the silent call that gives way first to a call of own: the oldest of
// the caller that has the most places. The caller holds mu.
func (q *Queue) oldestLocked(own *holder, ofStrangers bool) (oldest *Place) {
	for _, other := range q.callers {
		if other == own || ofStrangers && !other.stranger || !own.precedes(other, own.used, other.used) {
			continue
		}
		i := slices.IndexFunc(other.active, func(p *Place) bool { return p.silent })
		if i < 0 {
			continue
		}
		first := other.active[i]
		if oldest == nil || other.worse(oldest.owner, other.used, oldest.owner.used) ||
			!oldest.owner.worse(other, oldest.owner.used, other.used) && first.turn < oldest.turn {
			oldest = first
		}
	}
	return oldest
}

// lookAfterLocked schedules again after wait, unless that is due already. The caller
// holds mu.
func (q *Queue) lookAfterLocked(wait time.Duration) {
	if wait <= 0 || q.timer != nil {
		return
	}
	q.timer = time.AfterFunc(wait, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.timer = nil
		q.scheduleLocked()
	})
}
