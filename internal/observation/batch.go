// Package observation collects the events of a client or server, and tells them to a
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

// Batch is the events that wait to be told. A nil *Batch does nothing. It is safe for
// concurrent use.
type Batch struct {
	observer tranship.Observer

	mu     sync.Mutex
	events []tranship.Event
	// timer tells the events that wait. It is nil while none does.
	timer *time.Timer
}

// New returns a Batch for an observer; nil for a nil one.
func New(observer tranship.Observer) *Batch {
	if observer == nil {
		return nil
	}
	return &Batch{observer: observer}
}

// Add adds an event. It tells all that wait when there are MaxObserved of them.
func (b *Batch) Add(event tranship.Event) {
	if b == nil {
		return
	}
	b.mu.Lock()
	b.events = append(b.events, event)
	if len(b.events) == tranship.MaxObserved {
		events := b.takeLocked()
		b.mu.Unlock()
		b.observer.Observe(events)
		return
	}
	if b.timer == nil {
		b.timer = time.AfterFunc(delay, b.Flush)
	}
	b.mu.Unlock()
}

// Flush tells all events that wait.
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

// takeLocked takes all events that wait.
func (b *Batch) takeLocked() []tranship.Event {
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	events := b.events
	b.events = nil
	return events
}

// Now is the time, for the start of a transfer. It is zero for a nil *Batch.
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

// Refused adds a call that ended before it had begun.
func (b *Batch) Refused(ctx context.Context, method string, err error) {
	if b == nil {
		return
	}
	b.Add(tranship.Event{Context: ctx, Kind: tranship.EventCallEnded, Method: method, Start: time.Now(), Err: err})
}
