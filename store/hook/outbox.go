package hook

import (
	"context"
	"errors"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// change is a change of the store whose events are in the outbox.
type change struct {
	events []Event
	parts  []*part
}

// part is a record of a change for one hook.
type part struct {
	queue *queue
	entry tranship.StateEntry
	// record has the events, which are those of the change with these indices.
	record  record
	indices []int
}

// result is what became of an event: the file that was made or moved, or an error.
type result struct {
	file tranship.File
	err  error
}

// tells reports whether a hook is told of an event.
func (h *Hooks) tells(event Event) bool {
	for _, q := range h.queues {
		if q.target.tells(event) {
			return true
		}
	}
	return false
}

// tells reports whether the hook is told of an event.
func (t *target) tells(event Event) bool {
	if !t.has(event.Kind) {
		return false
	}
	for _, path := range event.paths() {
		if isWithin(t.Prefix, path) {
			return true
		}
	}
	return false
}

// callerOf returns the name of the caller and the id of the caller's sharing link; "" for none.
func callerOf(ctx context.Context) (principal, link string) {
	caller := access.FromContext(ctx)
	if caller.Link != nil {
		link = caller.Link.ID
	}
	return caller.Name, link
}

// begin writes the records of changes that the caller is about to make: one for each hook, unless
// they are large. It fails with tranship.ErrUnavailable if they cannot be written. The caller has
// locked the paths, and must call settle.
func (h *Hooks) begin(ctx context.Context, events ...Event) (*change, error) {
	c := &change{events: events}
	principal, link := callerOf(ctx)
	for i := range events {
		events[i].Principal, events[i].Link = principal, link
	}
	for _, q := range h.queues {
		var told []Event
		var indices []int
		for i, event := range events {
			if q.target.tells(event) {
				event.Index = len(told)
				told, indices = append(told, event), append(indices, i)
			}
		}
		if len(told) == 0 {
			continue
		}
		err := c.add(ctx, q, record{h.server, told}, indices)
		if err == nil {
			continue
		}
		c.settleAll(ctx, func(int) result { return result{err: errNotMade} })
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		h.options.Logger.Error("the outbox of a hook cannot be written, so that the change is refused", "hook", q.target.Name, "error", err)
		return nil, fmt.Errorf("%w: the server cannot record the change for its hooks: try again later", tranship.ErrUnavailable)
	}
	return c, nil
}

// errNotMade is the result of a change that was not begun.
var errNotMade = fmt.Errorf("%w: the change was not begun", tranship.ErrInvalid)

// errLost is the result of a change of which nothing is known.
var errLost = errors.New("the outcome of the change is not known")

// add writes the records of events for a queue.
func (c *change) add(ctx context.Context, q *queue, r record, indices []int) error {
	parts, values, err := r.split()
	if err != nil {
		return err
	}
	for i, some := range parts {
		p := &part{queue: q, record: some, indices: indices[:len(some.Events)]}
		indices = indices[len(some.Events):]
		p.entry = tranship.StateEntry{Key: recordKey(q.target.Name, q.hooks.clock.now(), q.hooks.server), Value: values[i]}
		if err := q.open(p.entry.Key); err != nil {
			return err
		}
		c.parts = append(c.parts, p) // also if it fails: perhaps it was written
		if p.entry.Version, err = q.put(ctx, p.entry); err != nil {
			return err
		}
	}
	return nil
}

// put writes a record, also if the call ends meanwhile: a record that is written when all have given
// it up would hold up those behind it.
func (q *queue) put(ctx context.Context, entry tranship.StateEntry) (version string, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stateTime)
	defer cancel()
	return q.hooks.state.SwapState(ctx, entry)
}

// settle records what became of the events of the change, in their order. It may be called with the
// context of a call that has ended.
func (c *change) settle(ctx context.Context, results ...result) {
	c.settleAll(ctx, func(i int) result { return results[i] })
}

func (c *change) settleAll(ctx context.Context, resultOf func(i int) result) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stateTime)
	defer cancel()
	for _, p := range c.parts {
		outcome := settled{version: p.entry.Version}
		for i, event := range p.record.Events {
			result := resultOf(p.indices[i])
			switch {
			case result.err == nil && event.Kind == AfterDelete:
				outcome.events = append(outcome.events, event)
			case result.err == nil:
				event.describe(result.file)
				outcome.events = append(outcome.events, event)
			case !isRefused(result.err): // perhaps the change was made
				event.unsure = true
				outcome.events = append(outcome.events, event)
			}
		}
		p.queue.settle(ctx, p.entry.Key, outcome)
	}
}

// isRefused reports whether an error of a store means that it has certainly not made the change.
func isRefused(err error) bool {
	for _, kind := range []error{
		tranship.ErrInvalid, tranship.ErrNotFound, tranship.ErrExists, tranship.ErrPrecondition, tranship.ErrIntegrity,
		tranship.ErrLimit, tranship.ErrNoSpace, tranship.ErrQuota, tranship.ErrDenied, tranship.ErrUnauthenticated, tranship.ErrUnsupported,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// reconcile finds out which changes of a record were made, by comparing it with the store, and
// returns their events.
func (h *Hooks) reconcile(ctx context.Context, events []Event) ([]Event, error) {
	made := make([]Event, 0, len(events))
	for _, event := range events {
		event.unsure = false
		file, err := h.store.Stat(ctx, event.Path)
		missing := errors.Is(err, tranship.ErrNotFound)
		if err != nil && !missing {
			return nil, err
		}
		happened := !missing && event.matches(file)
		switch event.Kind {
		case AfterDelete:
			happened = missing
		case AfterMove:
			if happened {
				_, err := h.store.Stat(ctx, event.Source)
				if err != nil && !errors.Is(err, tranship.ErrNotFound) {
					return nil, err
				}
				happened = err != nil
			}
		}
		if !happened {
			continue
		}
		if event.Kind != AfterDelete {
			event.describe(file)
		}
		made = append(made, event)
	}
	return made, nil
}

// settled is a record whose changes have ended, and which the state does not show as such yet.
type settled struct {
	// version is that of the record; "" if it is not known.
	version string
	events  []Event
}

// isUnsure reports whether it is not known of an event whether its change was made.
func (s settled) isUnsure() bool {
	for _, event := range s.events {
		if event.unsure {
			return true
		}
	}
	return false
}

// sure returns the events of changes that were made.
func (h *Hooks) sure(ctx context.Context, s settled) ([]Event, error) {
	if !s.isUnsure() {
		return s.events, nil
	}
	var events []Event
	for _, event := range s.events {
		some := []Event{event}
		if event.unsure {
			var err error
			if some, err = h.reconcile(ctx, some); err != nil {
				return nil, err
			}
		}
		events = append(events, some...)
	}
	return events, nil
}
