// Package fair shares a number of places among callers, so that none is kept out by
// others.
package fair

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/server/internal/caller"
)

// admissionTime is how long a call waits for others to end.
const admissionTime = 10 * time.Second

// arrivalGrace is how long a call may hold a place without having sent a message, while
// others wait for one. A first message comes with its call's headers, or a moment later.
const arrivalGrace = 100 * time.Millisecond

// Queue has places that calls take, and room where they wait for one. It is safe for
// concurrent use.
//
// Nothing that a caller does keeps the others out for long. A caller has at most three
// quarters of the places and of the room, and a 16th of them is for callers that have
// none. A free place goes to the caller that has the fewest. A call that has sent no
// message yet gives way: when a caller waits that has fewer places than the call's own,
// the call ends once it has had arrivalGrace; when the room is full, calls end of a caller
// with at least two more.
//
// A caller of which a call had to give way like that is suspect for a while: its calls
// that send nothing give way to those of others at once. So callers that send nothing,
// from however many addresses they come, cost the others a moment each, and only once.
type Queue struct {
	// places and room are how many there are, share and roomShare how many of them one
	// caller may have. strangers and strangersRoom are how many all callers without
	// credentials may have together.
	places, room             int64
	share, roomShare         int64
	strangers, strangersRoom int64

	full string

	mu      sync.Mutex
	used    tally
	present tally
	waiting int
	callers map[string]*holder
	turn    uint64
	// suspects are callers of which calls had to give way, and when.
	suspects map[string]time.Time
	// timer looks again when a call has had its time; nil: nothing is due.
	timer *time.Timer
}

// tally counts what all callers have, and what those without credentials have of it.
type tally struct{ all, strangers int64 }

func (t *tally) add(own *holder, n int64) {
	t.all += n
	if own.stranger {
		t.strangers += n
	}
}

// holder is a caller that has places or waits for one. Callers that have nothing take
// no memory.
type holder struct {
	name              string
	stranger, suspect bool
	// used are the places, of active calls.
	used            int64
	active, waiting []*Place
}

func (h *holder) present() int64 { return int64(len(h.active) + len(h.waiting)) }

// Place is what a call has: a place, or the wait for one.
type Place struct {
	queue  *Queue
	owner  *holder
	weight int64
	turn   uint64
	// since is when the place was granted.
	since time.Time
	// silent: the call has sent no message, so that it gives way.
	silent bool
	// has: the call has its place. granted is closed then, over when the call must end.
	// They are nil where no call waits for that.
	has           bool
	granted, over chan struct{}
}

// Options of a Queue.
type Options struct {
	// Places is how many there are, and Room how many calls may have a place or wait for
	// one. Share is how many places one caller may have; 0: three quarters of them.
	Places, Room, Share int64
	// Full says, in an error, that there are no more places.
	Full string
}

// New returns a queue whose places are free.
func New(options Options) *Queue {
	places, room := options.Places, options.Room
	return &Queue{
		places: places, room: room, share: cmp.Or(options.Share, places-places/4), roomShare: room - room/4, full: options.Full,
		strangers: places, strangersRoom: room, callers: make(map[string]*holder),
	}
}

// PreferPrincipals keeps callers without credentials to a part of the places and of the
// room, one of so many, so that the rest is for callers with credentials.
func (q *Queue) PreferPrincipals(part int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.strangers, q.strangersRoom = max(q.places/part, min(2, q.places)), max(q.room/part, min(4, q.room))
}

// Enter takes a place, or several for a call of more weight, when it is the call's turn,
// after admissionTime at the latest. It fails with tranship.ErrUnavailable or the
// context's error. silent: the call has sent no message yet, and gives way to others
// until Place.Arrived.
func (q *Queue) Enter(ctx context.Context, weight int64, silent bool) (*Place, error) {
	p, err := q.join(ctx, min(weight, q.share), silent)
	if err != nil {
		return nil, err
	}
	if p.granted == nil {
		return p, nil
	}
	late := time.NewTimer(admissionTime)
	defer late.Stop()
	select {
	case <-p.granted:
		return p, nil
	case <-p.over:
		err = ErrOvertaken()
	case <-late.C:
		err = q.errFull()
	case <-ctx.Done():
	}
	p.Leave()
	return nil, cmp.Or(ctx.Err(), err)
}

func (q *Queue) errFull() error { return refused(q.full) }

// refused is the error of a call that was not begun.
func refused(why string) error {
	return failure.Mark(fmt.Errorf("%w: %s", tranship.ErrUnavailable, why), failure.Refused)
}

// Over is closed when the call must give way to another.
func (p *Place) Over() <-chan struct{} { return p.over }

// Present is how many calls have a place or wait for one.
func (q *Queue) Present() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.present.all
}

// ErrOvertaken is the outcome of a call that gave way to another caller's.
func ErrOvertaken() error {
	return refused("the call's first message did not come in time, and other callers need its place")
}

// join counts a call; it fails if there may be no more.
func (q *Queue) join(ctx context.Context, weight int64, silent bool) (*Place, error) {
	name := caller.Name(ctx)
	q.mu.Lock()
	defer q.mu.Unlock()
	own := q.callers[name]
	if own == nil {
		own = &holder{name: name, stranger: access.FromContext(ctx).IsAnonymous()}
	}
	own.suspect = q.isSuspect(name)
	if own.present() >= q.roomShare || !q.makeRoom(own) {
		return nil, q.errFull()
	}
	q.callers[name] = own
	q.turn++
	p := &Place{queue: q, owner: own, weight: weight, turn: q.turn, silent: silent}
	if silent {
		p.over = make(chan struct{})
	}
	own.waiting = append(own.waiting, p)
	q.waiting++
	q.present.add(own, 1)
	if full, crowded := q.lacks(own); q.waiting == 1 && !full && !crowded && own.used+weight <= q.share {
		q.grant(own) // as schedule would, without a look at all callers
	} else {
		q.schedule()
	}
	if !p.has {
		p.granted = make(chan struct{})
	}
	return p, nil
}

// makeRoom reports whether there is room for one more call of a caller, for which it may
// end a silent one of the caller with the most calls. The caller holds mu.
func (q *Queue) makeRoom(own *holder) bool {
	full, crowded := q.present.all >= open(q.room, own.present()), own.stranger && q.present.strangers >= q.strangersRoom
	if !full && !crowded {
		return true
	}
	var victim *Place
	for _, other := range q.callers {
		if other == own || crowded && !other.stranger || !own.precedes(other, own.present()+1, other.present()) {
			continue
		}
		last := other.newest(own)
		if last != nil && (victim == nil || other.worse(victim.owner, other.present(), victim.owner.present())) {
			victim = last
		}
	}
	if victim == nil {
		return false
	}
	q.end(victim)
	return true
}

// precedes reports whether silent calls of another caller give way to a caller's call,
// when the two have so many.
func (h *holder) precedes(other *holder, own, others int64) bool {
	if h.suspect != other.suspect {
		return other.suspect
	}
	return own < others
}

// worse reports whether a caller's calls give way before those of another, when the two
// have so many.
func (h *holder) worse(other *holder, own, others int64) bool {
	if h.suspect != other.suspect {
		return h.suspect
	}
	return own > others
}

// grace is how long a silent call may hold its place when a caller needs it.
func (p *Place) grace(by *holder) time.Duration {
	if p.owner.suspect && !by.suspect {
		return 0
	}
	return arrivalGrace
}

// newest is the silent call of a caller that gives way to another caller's when the room
// is full: the last that waits, or the first that had its time.
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

// schedule gives places to calls that wait. The caller holds mu.
func (q *Queue) schedule() {
	for q.waiting > 0 {
		due, wait := q.next()
		if due == nil {
			q.lookAfter(wait)
			return
		}
		q.grant(due)
	}
}

// grant gives places to the next call of a caller. The caller of grant holds mu.
func (q *Queue) grant(due *holder) {
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

// next is the caller whose call gets the next place, the one that has the fewest of
// those that may have one; of several, the one that has waited the longest. It makes
// the place free if it must. Without such a caller it returns when to look again; 0: not
// before a call ends. The caller holds mu.
func (q *Queue) next() (due *holder, wait time.Duration) {
	candidates := make([]*holder, 0, len(q.callers))
	for _, own := range q.callers {
		if len(own.waiting) > 0 && own.used+own.waiting[0].weight <= q.share {
			candidates = append(candidates, own)
		}
	}
	slices.SortFunc(candidates, func(a, b *holder) int {
		if a.suspect != b.suspect {
			return cmp.Compare(rank(a), rank(b))
		}
		return cmp.Or(cmp.Compare(a.used, b.used), cmp.Compare(a.waiting[0].turn, b.waiting[0].turn))
	})
	for _, own := range candidates {
		if full, crowded := q.lacks(own); !full && !crowded {
			return own, 0
		}
	}
	for _, own := range candidates {
		for {
			full, crowded := q.lacks(own)
			if !full && !crowded {
				return own, 0
			}
			oldest := q.oldest(own, crowded)
			if oldest == nil {
				break
			}
			if left := oldest.grace(own) - now().Sub(oldest.since); left > 0 {
				if wait == 0 || left < wait {
					wait = left
				}
				break
			}
			q.end(oldest)
		}
	}
	return nil, wait
}

// rank sorts suspects last.
func rank(h *holder) int {
	if h.suspect {
		return 1
	}
	return 0
}

// open is how many of all places, or of the room, are for a caller that has some already:
// not the last 16th.
func open(all, has int64) int64 {
	if has > 0 {
		all -= all / 16
	}
	return all
}

// lacks reports why the next call of a caller cannot have its place: there is none left
// at all, or none for callers without credentials. The caller holds mu.
func (q *Queue) lacks(own *holder) (full, crowded bool) {
	weight := own.waiting[0].weight
	return q.used.all+weight > open(q.places, own.used), own.stranger && q.used.strangers > 0 && q.used.strangers+weight > q.strangers
}

// oldest is the silent call that gives way first to a caller's: the oldest of the caller
// that has the most places. The caller holds mu.
func (q *Queue) oldest(own *holder, ofStrangers bool) (oldest *Place) {
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

const (
	// suspectTime is how long a caller is suspect.
	suspectTime = time.Minute
	// maxSuspects bounds the suspects that are remembered.
	maxSuspects = 4096
)

// isSuspect reports whether a caller is. The caller holds mu.
func (q *Queue) isSuspect(name string) bool {
	at, ok := q.suspects[name]
	if ok && now().Sub(at) >= suspectTime {
		delete(q.suspects, name)
		ok = false
	}
	return ok
}

// suspect remembers a caller. The caller holds mu.
func (q *Queue) suspect(own *holder) {
	if q.suspects == nil {
		q.suspects = make(map[string]time.Time)
	}
	if _, known := q.suspects[own.name]; !known && len(q.suspects) >= maxSuspects {
		for other := range q.suspects {
			delete(q.suspects, other) // any
			break
		}
	}
	q.suspects[own.name] = now()
	own.suspect = true
}

// lookAfter schedules again after some time, unless that is about to be done already.
// The caller holds mu.
func (q *Queue) lookAfter(wait time.Duration) {
	if wait <= 0 || q.timer != nil {
		return
	}
	q.timer = time.AfterFunc(wait, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.timer = nil
		q.schedule()
	})
}

// end makes a call give way. The caller holds mu.
func (q *Queue) end(p *Place) {
	if p.has {
		q.suspect(p.owner)
	}
	close(p.over)
	q.remove(p)
}

// remove takes a call out. It is false if it is not there any more. The caller holds mu.
func (q *Queue) remove(p *Place) bool {
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
	q.present.add(own, -1)
	if own.present() == 0 {
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

// Leave gives the place back, or the wait for it up.
func (p *Place) Leave() {
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	if p.queue.remove(p) {
		p.queue.schedule()
	}
}

// Arrived tells that the call has sent a message, and keeps its place from then on. It
// fails if the call had to give way before.
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

func now() time.Time { return time.Now() }
