package server

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/caller"
)

// queue has places that callers take, and room where they wait for one.
type queue struct {
	places, present *semaphore.Weighted
	// share is how many places one caller may have, room how many calls that have a
	// place or wait for one.
	share, room int64

	mu      sync.Mutex
	callers map[string]*share
}

// share is what one caller has. Callers who have nothing take no memory.
type share struct {
	places  *semaphore.Weighted
	present int64
}

func newQueue(capacity, room int64) queue {
	return queue{
		places: semaphore.NewWeighted(capacity), present: semaphore.NewWeighted(room),
		share: capacity - capacity/4, room: room - room/4, callers: make(map[string]*share),
	}
}

// enter takes a place, or several for a call of more weight, when it is the call's
// turn; leave gives it back.
func (q *queue) enter(ctx context.Context, weight int64) (leave func(), err error) {
	weight = min(weight, q.share)
	name := caller.Name(ctx)
	own := q.arrive(name)
	if own == nil {
		return nil, errFull()
	}
	waiting, cancel := context.WithTimeout(ctx, admissionTime)
	defer cancel()
	err = own.places.Acquire(waiting, weight)
	if err == nil {
		if err = q.places.Acquire(waiting, weight); err != nil {
			own.places.Release(weight)
		}
	}
	if err != nil {
		q.depart(name)
		return nil, cmp.Or(ctx.Err(), errFull())
	}
	return func() {
		q.places.Release(weight)
		own.places.Release(weight)
		q.depart(name)
	}, nil
}

func errFull() error {
	return fmt.Errorf("%w: there are as many transfers under way as the server's memory limit allows (--memory-limit)", tranship.ErrUnavailable)
}

// arrive counts a call that has a place or waits for one; nil if there may be no more.
func (q *queue) arrive(name string) *share {
	q.mu.Lock()
	defer q.mu.Unlock()
	own := q.callers[name]
	if own != nil && own.present >= q.room || !q.present.TryAcquire(1) {
		return nil
	}
	if own == nil {
		own = &share{places: semaphore.NewWeighted(q.share)}
		q.callers[name] = own
	}
	own.present++
	return own
}

func (q *queue) depart(name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	own := q.callers[name]
	if own.present--; own.present == 0 {
		delete(q.callers, name)
	}
	q.present.Release(1)
}
