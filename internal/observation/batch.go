// Package observation collects the events of a client or server, and passes them to a
// tranship.Observer in batches.
package observation

import (
	"context"
	"sync"
	"time"

	"github.com/tranship/tranship"
)

// delay is how long an event waits for others.
const delay = time.Second

// Batch collects events until it passes them to the observer. A nil *Batch does nothing. It
// is safe for concurrent use.
type Batch struct {
	observer tranship.Observer

	mu     sync.Mutex
	events []tranship.Event
	// timer flushes the waiting events. It is nil while no event waits.
	timer *time.Timer
}

// New returns a Batch for an observer. It returns nil if the observer is nil.
func New(observer tranship.Observer) *Batch {
	if observer == nil {
		return nil
	}
	return &Batch{observer: observer}
}

// Add adds events. It passes all waiting events to the observer when there are
// MaxObserved of them. It does not keep the slice.
func (b *Batch) Add(events ...tranship.Event) {
	if b == nil {
		return
	}
	for len(events) > 0 {
		added, full := b.add(events)
		if full != nil {
			b.observer.Observe(full)
		}
		events = events[added:]
	}
}

// add adds as many events as may wait, and returns their number. It returns all waiting events
// if no more may wait.
func (b *Batch) add(events []tranship.Event) (added int, full []tranship.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.events == nil {
		b.events = make([]tranship.Event, 0, tranship.MaxObserved)
	}
	added = min(len(events), tranship.MaxObserved-len(b.events))
	b.events = append(b.events, events[:added]...)
	if len(b.events) == tranship.MaxObserved {
		return added, b.takeLocked()
	}
	if b.timer == nil {
		b.timer = time.AfterFunc(delay, b.Flush)
	}
	return added, nil
}

// Flush passes all waiting events to the observer.
func (b *Batch) Flush() {
	if b == nil {
		return
	}
	b.mu.Lock()
	events := b.takeLocked()
	b.mu.Unlock()
	if len(events) > 0 {
		b.observer.Observe(events)
	}
}

// takeLocked removes and returns all waiting events.
func (b *Batch) takeLocked() []tranship.Event {
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	events := b.events
	b.events = nil
	return events
}

// Now returns the current time, for the start of a transfer. It returns the zero time for a
// nil *Batch.
func (b *Batch) Now() time.Time {
	if b == nil {
		return time.Time{}
	}
	return time.Now()
}

// Transfer adds the end of an upload or download that began at start.
func (b *Batch) Transfer(ctx context.Context, kind tranship.EventKind, path string, offset, bytes int64, start time.Time, err error) {
	if b == nil {
		return
	}
	b.Add(tranship.Event{
		Context: ctx, Kind: kind, Path: path, Offset: offset, Bytes: bytes,
		Start: start, Duration: time.Since(start), Err: err,
	})
}

// Refused adds the end of a call that was refused before it began.
func (b *Batch) Refused(ctx context.Context, method string, err error) {
	if b == nil {
		return
	}
	b.Add(tranship.Event{Context: ctx, Kind: tranship.EventCallEnded, Method: method, Transport: Transport(ctx), Start: time.Now(), Err: err})
}

// ConnectionRefused adds a connection that was refused or cut off. ctx has its peer.
func (b *Batch) ConnectionRefused(ctx context.Context, err error) {
	if b == nil {
		return
	}
	b.Add(tranship.Event{Context: ctx, Kind: tranship.EventConnectionRefused, Start: time.Now(), Err: err})
}
