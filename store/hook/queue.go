package hook

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tranship/tranship"
)

const (
	// mostHeld is how many settled records a server that delivers keeps in memory, to write
	// each record only once. mostUnsettled is how many records may be open or held altogether:
	// further changes are refused, because the state of the store cannot be written.
	mostHeld      = 256
	mostUnsettled = 4096
	// pollPause is how often a server looks for records of others.
	pollPause = 5 * time.Second
)

// queue delivers the events of one hook, in the order of their records.
type queue struct {
	hooks  *Hooks
	target *target
	// prefix is what the keys of its records begin with.
	prefix string
	// wake has an element if there may be something to deliver.
	wake chan struct{}
	// lease belongs to the goroutine of run.
	lease lease

	mu sync.Mutex
	// opened are the keys of records whose changes are under way, and held the settled ones
	// that the state does not show as such.
	opened map[string]struct{}
	held   map[string]settled
	// leads tells that this server delivers, so that settled records may be held.
	leads bool
}

func newQueue(h *Hooks, t *target) *queue {
	q := &queue{
		hooks: h, target: t, prefix: recordPrefix + t.Name + "/", wake: make(chan struct{}, 1),
		opened: map[string]struct{}{}, held: map[string]settled{},
	}
	q.lease = lease{hooks: h, key: "hook-leases/" + t.Name, length: max(h.options.LeaseTime, 3*t.Timeout)}
	return q
}

// open notes that a record is about to be written.
func (q *queue) open(key string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.opened)+len(q.held) >= mostUnsettled {
		return fmt.Errorf("%w: %d records cannot be settled", tranship.ErrUnavailable, mostUnsettled)
	}
	q.opened[key] = struct{}{}
	return nil
}

// settle notes what became of a record. A server that delivers soon keeps that in memory;
// otherwise it writes it.
func (q *queue) settle(ctx context.Context, key string, outcome settled) {
	q.mu.Lock()
	hold := len(q.held) < mostHeld && (q.leads || outcome.isUnsure() || outcome.version == "")
	if hold {
		q.held[key] = outcome
		delete(q.opened, key)
	}
	q.mu.Unlock()
	if !hold {
		err := q.write(ctx, key, outcome)
		q.mu.Lock()
		if err != nil {
			q.held[key] = outcome
		}
		delete(q.opened, key)
		q.mu.Unlock()
		if err != nil {
			q.hooks.options.Logger.Warn("the outbox of a hook cannot be written: it is tried again", "hook", q.target.Name, "error", err)
		}
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// write makes the state show what became of a record.
func (q *queue) write(ctx context.Context, key string, outcome settled) error {
	events, err := q.hooks.sure(ctx, outcome)
	if err != nil {
		return err
	}
	state := q.hooks.state
	if outcome.version == "" { // it is not known whether the record was written
		entry, err := state.GetState(ctx, key)
		if err != nil && !errors.Is(err, tranship.ErrNotFound) {
			return err
		}
		outcome.version = entry.Version
	}
	if len(events) == 0 {
		if outcome.version == "" {
			return nil
		}
		return ignoreChanged(state.RemoveState(ctx, key, outcome.version))
	}
	value, err := record{Events: events}.encode()
	if err != nil {
		return err
	}
	entry := tranship.StateEntry{Key: key, Value: value, Version: outcome.version}
	_, err = state.SwapState(ctx, entry)
	if errors.Is(err, tranship.ErrPrecondition) {
		// Another server has taken this one for dead and has removed or delivered the record.
		entry.Version = ""
		_, err = state.SwapState(ctx, entry)
	}
	return ignoreChanged(err)
}

// ignoreChanged returns err, or nil if another server has changed the value.
func ignoreChanged(err error) error {
	if errors.Is(err, tranship.ErrPrecondition) {
		return nil
	}
	return err
}

// flush writes the records that are held: all, or those that the state may not have.
func (q *queue) flush(ctx context.Context, all bool) error {
	q.mu.Lock()
	keys := make([]string, 0, len(q.held))
	for key, outcome := range q.held {
		if all || outcome.version == "" {
			keys = append(keys, key)
		}
	}
	q.mu.Unlock()
	for _, key := range keys {
		outcome, ok := q.heldAt(key)
		if !ok {
			continue
		}
		if err := q.write(ctx, key, outcome); err != nil {
			return err
		}
		q.forget(key)
	}
	return nil
}

func (q *queue) heldAt(key string) (settled, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	outcome, ok := q.held[key]
	return outcome, ok
}

// isOpen reports whether the change of a record of this server is under way.
func (q *queue) isOpen(key string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, ok := q.opened[key]
	return ok
}

func (q *queue) forget(key string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.held, key)
}

func (q *queue) setLeads(leads bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.leads = leads
}

// close writes what is held, and gives the lease back.
func (q *queue) close(ctx context.Context) error {
	q.setLeads(false)
	return errors.Join(q.flush(ctx, true), q.lease.end(ctx))
}

// run delivers events until the hooks are closed.
func (q *queue) run() {
	h, failures := q.hooks, 0
	for {
		leads, err := q.lease.take(h.ctx)
		holds := leads && failures == 0
		q.setLeads(holds)
		if err == nil {
			err = q.flush(h.ctx, !holds)
		}
		var more bool
		if err == nil && leads {
			more, err = q.deliverSome(h.ctx)
		}
		if h.ctx.Err() != nil {
			return
		}
		pause := min(h.options.LeaseTime/3, pollPause)
		switch {
		case err != nil:
			failures++
			pause = q.failed(err, failures)
		case more:
			failures, pause = 0, 0
		default:
			failures = 0
		}
		q.setLeads(leads && failures == 0)
		if !q.wait(pause, err == nil) {
			return
		}
	}
}

// wait waits for a pause. A settled record ends it if woken is set. It returns false when the hooks
// are closed.
func (q *queue) wait(pause time.Duration, woken bool) bool {
	wake := q.wake
	if !woken {
		wake = nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-q.hooks.ctx.Done():
		return false
	case <-wake:
	case <-timer.C:
	}
	return true
}
