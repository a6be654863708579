package hook

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tranship/tranship"
)

const (
	// pageRecords is how many records are read from the state at once.
	pageRecords = 256
	// mostCounted bounds how many waiting records are counted.
	mostCounted = 1000
)

// ready is a record that can be delivered.
type ready struct {
	key, version string
	events       []Event
}

// deliverSome delivers the records at the beginning of the outbox. It reports whether there may be
// more that can be delivered at once.
func (q *queue) deliverSome(ctx context.Context) (more bool, err error) {
	page, err := q.page(ctx)
	if err != nil {
		return false, err
	}
	some, err := q.readyOf(ctx, page)
	if err != nil {
		return false, err
	}
	q.look(page)
	for len(some) > 0 {
		n, events := batchOf(some, q.target.Batch)
		for part := range slices.Chunk(events, q.target.Batch) {
			if leads, err := q.lease.take(ctx); err != nil || !leads {
				return false, err
			}
			if err := q.deliver(ctx, part); err != nil {
				return false, err
			}
		}
		if err := q.remove(ctx, some[:n]); err != nil {
			return false, err
		}
		more, some = true, some[n:]
	}
	if more && len(page) < pageRecords {
		q.look(nil)
	}
	return more, nil
}

// remove removes records that the hook has accepted, also if the hooks are being closed.
func (q *queue) remove(ctx context.Context, accepted []ready) error {
	for _, done := range accepted {
		if err := q.removeOne(context.WithoutCancel(ctx), done); err != nil {
			return err
		}
		q.forget(done.key)
	}
	return nil
}

// removeOne removes one record. Each has its own time: a bucket takes a while for many.
func (q *queue) removeOne(ctx context.Context, done ready) error {
	ctx, cancel := context.WithTimeout(ctx, stateTime)
	defer cancel()
	return ignoreChanged(q.hooks.state.RemoveState(ctx, done.key, done.version))
}

// batchOf returns how many records to deliver together, at least one, and their events: no more
// than most if they are several.
func batchOf(some []ready, most int) (n int, events []Event) {
	for _, next := range some {
		if n > 0 && len(events)+len(next.events) > most {
			break
		}
		n++
		events = append(events, next.events...)
	}
	return n, events
}

// page returns the records at the beginning of the outbox.
func (q *queue) page(ctx context.Context) ([]tranship.StateEntry, error) {
	var page []tranship.StateEntry
	for entry, err := range q.hooks.state.ListState(ctx, q.prefix) {
		if err != nil {
			return nil, err
		}
		if page = append(page, entry); len(page) == pageRecords {
			break
		}
	}
	return page, nil
}

// readyOf returns the records of a page that can be delivered. A record whose change is under way
// holds up later ones with one of its paths.
func (q *queue) readyOf(ctx context.Context, page []tranship.StateEntry) ([]ready, error) {
	var some []ready
	blocked := map[string]bool{}
	alive := map[string]bool{}
	for _, entry := range page {
		record, err := decodeRecord(entry.Key, entry.Value)
		if err != nil {
			q.target.counts.damaged.Add(1)
			q.hooks.options.Logger.Error("a record in the outbox of a hook is damaged: it is removed, and its events are lost", "hook", q.target.Name, "key", entry.Key, "error", err)
			if err := ignoreChanged(q.hooks.state.RemoveState(ctx, entry.Key, entry.Version)); err != nil {
				return nil, err
			}
			q.forget(entry.Key)
			continue
		}
		events, version, ended, err := q.outcome(ctx, entry, record, alive)
		if err != nil {
			return nil, err
		}
		holds := !ended
		for _, event := range record.Events {
			for _, path := range event.paths() {
				holds = holds || blocked[path]
			}
		}
		if holds {
			for _, event := range record.Events {
				for _, path := range event.paths() {
					blocked[path] = true
				}
			}
			continue
		}
		some = append(some, ready{entry.Key, version, events})
	}
	return some, nil
}

// outcome returns the events of a record whose changes have ended, and its version. alive has which
// servers run, as far as they were asked about.
func (q *queue) outcome(ctx context.Context, entry tranship.StateEntry, r record, alive map[string]bool) (events []Event, version string, ended bool, err error) {
	if r.Server == "" {
		return r.Events, entry.Version, true, nil
	}
	if r.Server != q.hooks.server {
		known, ok := alive[r.Server]
		if !ok {
			if known, err = q.hooks.isAlive(ctx, r.Server); err != nil {
				return nil, "", false, err
			}
			alive[r.Server] = known
		}
		if known {
			return nil, "", false, nil
		}
		events, err = q.hooks.reconcile(ctx, r.Events)
		return events, entry.Version, err == nil, err
	}
	if q.isOpen(entry.Key) {
		return nil, "", false, nil
	}
	held, ok := q.heldAt(entry.Key)
	if !ok {
		// It was written or removed since the page was read: the next page shows it.
		return nil, "", false, nil
	}
	if events, err = q.hooks.sure(ctx, held); err != nil {
		return nil, "", false, err
	}
	at, suffix, err := parseKey(entry.Key)
	for i := range events {
		events[i].identify(suffix, at)
	}
	return events, entry.Version, true, err
}

// deliver delivers events, and counts them as delivered or rejected.
func (q *queue) deliver(ctx context.Context, events []Event) error {
	ctx, cancel := context.WithTimeout(ctx, min(q.target.Timeout, q.lease.left()))
	defer cancel()
	err := q.target.Carrier.Deliver(ctx, events)
	switch {
	case err == nil:
		q.target.counts.delivered.Add(int64(len(events)))
	case errors.Is(err, ErrRejected):
		q.target.counts.rejected.Add(int64(len(events)))
		q.hooks.options.Logger.Error("a hook rejects events: they are dropped", "hook", q.target.Name, "events", len(events), "first", events[0].ID, "path", events[0].Path, "error", err)
	default:
		return err
	}
	return nil
}

// failed reports a failure, and returns the pause before the next try.
func (q *queue) failed(err error, failures int) time.Duration {
	q.target.counts.failed.Add(1)
	q.count()
	counts := &q.target.counts
	pause := min(q.hooks.options.RetryPause<<min(failures-1, 10), maxRetryPause)
	pause -= rand.N(pause/2 + 1) //nolint:gosec // it only spreads tries
	q.hooks.options.Logger.Warn("events of a hook cannot be delivered: they wait in the outbox", "hook", q.target.Name, "error", err,
		"failures", failures, "records", counts.waiting.Load(), "oldest", time.Unix(0, counts.oldest.Load()).UTC(), "pause", pause)
	return pause
}

// count counts the records that wait, up to mostCounted.
func (q *queue) count() {
	ctx, cancel := context.WithTimeout(q.hooks.ctx, stateTime)
	defer cancel()
	var oldest time.Time
	n := int64(0)
	for entry, err := range q.hooks.state.ListState(ctx, q.prefix) {
		if err != nil || n == mostCounted {
			break
		}
		if n == 0 {
			oldest, _, _ = parseKey(entry.Key)
		}
		n++
	}
	q.note(n, oldest)
}

// look notes how many records a page has.
func (q *queue) look(page []tranship.StateEntry) {
	var oldest time.Time
	if len(page) > 0 {
		oldest, _, _ = parseKey(page[0].Key)
	}
	q.note(int64(len(page)), oldest)
}

func (q *queue) note(waiting int64, oldest time.Time) {
	q.target.counts.waiting.Store(waiting)
	if waiting == 0 {
		q.target.counts.oldest.Store(0)
		return
	}
	q.target.counts.oldest.Store(oldest.UnixNano())
}
