// Package fair shares a number of places among callers, so that no caller keeps the
// others out. It knows no transport.
package fair

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/server/internal/caller"
	"github.com/tranship/tranship/server/internal/limited"
)

// WaitTime is how long a call waits for a place at most.
const WaitTime = 10 * time.Second

// arrivalGrace is how long a call may hold a place without having sent a message while
// other calls wait. A first message comes with the call's headers or a moment later.
const arrivalGrace = 100 * time.Millisecond

// Queue has places that calls take, and room where calls wait for a place. It is safe
// for concurrent use.
//
// A caller has at most three quarters of the places and of the room, and one 16th of
// both is reserved for callers that have no place. A free place goes to the caller with
// the fewest places. A call that has not sent a message yet gives way: it ends when a
// caller with fewer places waits and the call has had its place for arrivalGrace, or
// when the room is full and its caller would still have more than the new one.
//
// A caller whose call had to give way like that is suspect for a minute: its silent
// calls give way to calls of other callers at once. Callers that send nothing, from any
// number of addresses, so delay other callers by one moment each, once.
type Queue struct {
	// places and room are the totals. share and roomShare are the parts of them that
	// one caller may have; strangers and strangersRoom are the parts that all callers
	// without credentials may have together.
	places, room             int64
	share, roomShare         int64
	strangers, strangersRoom int64
	// call is how many places an ordinary call takes.
	call int64

	limit tranship.Limit
	full  string

	mu      sync.Mutex
	used    tally
	present tally
	waiting int
	callers map[string]*holder
	turn    uint64
	// suspects maps callers whose calls had to give way to the time of that.
	suspects map[string]time.Time
	// timer schedules again when the grace of a silent call ends; nil if no grace runs.
	timer *time.Timer
}

// Options of a Queue.
type Options struct {
	// Places is the number of places. Share is how many of them one caller may have; 0 means
	// three quarters.
	Places, Share int64
	// Call is how many places an ordinary call takes; 0 means 1.
	Call int64
	// Room bounds the calls that have a place or wait for one: each counts for its places,
	// but at most for Call.
	Room int64
	// Limit is the limit that errors name when there is no place left, and Full is the
	// sentence that describes it.
	Limit tranship.Limit
	Full  string
}

// New returns a queue whose places are free.
func New(options Options) *Queue {
	q := &Queue{
		places: options.Places, room: options.Room, strangers: options.Places, strangersRoom: options.Room,
		call: cmp.Or(options.Call, 1), limit: options.Limit, full: options.Full,
		callers: make(map[string]*holder),
	}
	q.share = cmp.Or(options.Share, q.places-q.part(q.places, 4))
	q.roomShare = q.room - q.part(q.room, 4)
	return q
}

// PreferPrincipals reserves places and room for callers with credentials: callers
// without credentials share one part of both, where part is the divisor. The caller must
// call it before the queue is used.
func (q *Queue) PreferPrincipals(part int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.strangers, q.strangersRoom = max(q.part(q.places, part), min(2*q.call, q.places)), max(q.part(q.room, part), min(4*q.call, q.room))
}

// Enter takes a place for the caller of ctx, or weight places for a larger call, when
// it is the call's turn. It fails with a *tranship.LimitError that matches
// tranship.ErrUnavailable when that takes longer than WaitTime or the room is full, and
// with the context's error. A silent call has sent no message yet, and gives way to
// other calls until Place.Arrived.
func (q *Queue) Enter(ctx context.Context, weight int64, silent bool) (*Place, error) {
	p, err := q.join(ctx, min(weight, q.share), silent)
	if err != nil {
		return nil, err
	}
	if p.granted == nil {
		return p, nil
	}
	late := time.NewTimer(WaitTime)
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

// part is one of so many equal parts of all, in whole ordinary calls.
func (q *Queue) part(all, parts int64) int64 { return all / parts / q.call * q.call }

// presence is for how much of the room a call counts.
func (q *Queue) presence(weight int64) int64 { return min(weight, q.call) }

func (q *Queue) errFull() error { return limited.Refused(q.limit, "%s", q.full) }

// ErrOvertaken returns the error of a call that gave way to the call of another caller.
// The call did nothing.
func ErrOvertaken() error {
	const why = "the call's first message did not come in time, and other callers need its place"
	return failure.Mark(fmt.Errorf("%w: %s", tranship.ErrUnavailable, why), failure.Refused)
}

// Present returns how much of the room is taken.
func (q *Queue) Present() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.present.all
}

// join adds a call to its caller. It fails if the room is full.
func (q *Queue) join(ctx context.Context, weight int64, silent bool) (*Place, error) {
	name := caller.Name(ctx)
	q.mu.Lock()
	defer q.mu.Unlock()
	own := q.callers[name]
	if own == nil {
		own = &holder{name: name, stranger: access.FromContext(ctx).IsAnonymous()}
	}
	own.suspect = q.isSuspectLocked(name)
	if own.present+q.presence(weight) > q.roomShare || !q.makeRoomLocked(own, q.presence(weight)) {
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
	own.present += q.presence(weight)
	q.present.add(own, q.presence(weight))
	if full, crowded := q.lacksLocked(own); q.waiting == 1 && !full && !crowded && own.used+weight <= q.share {
		q.grantLocked(own) // the choice of scheduleLocked, without comparing all callers
	} else {
		q.scheduleLocked()
	}
	if !p.has {
		p.granted = make(chan struct{})
	}
	return p, nil
}

func now() time.Time { return time.Now() }
