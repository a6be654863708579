// Package observation collects the events of a call, and tells them to a
// tranship.Observer in batches.
package observation

import (
	"context"
	"sync"
	"time"

	"github.com/tranship/tranship"
)

// delay is how long an event waits for others of its call.
const delay = time.Second

// Call collects the events of one call. A nil *Call does nothing. It is safe for
// concurrent use.
type Call struct {
	observer tranship.Observer
	ctx      context.Context
	method   string
	start    time.Time

	mu     sync.Mutex
	events []tranship.Event
	// timer tells events that wait. It is nil while none does.
	timer *time.Timer
	ended bool
}

// key is the key of the *Call in a context.
type key struct{}

// Begin returns the context of a call, which has the Call, and tells that it has begun.
// The caller must call End. A nil observer is told nothing: the Call is then nil, too.
func Begin(ctx context.Context, observer tranship.Observer, method string) (context.Context, *Call) {
	if observer == nil {
		return ctx, nil
	}
	c := &Call{observer: observer, method: method, start: time.Now()}
	c.ctx = context.WithValue(ctx, key{}, c)
	c.Add(tranship.Event{Kind: tranship.EventCallBegun, Start: c.start})
	return c.ctx, c
}

// FromContext returns the Call of a context; nil if there is none.
func FromContext(ctx context.Context) *Call {
	c, _ := ctx.Value(key{}).(*Call)
	return c
}

// Refused tells of a call that ended before it had begun.
func Refused(ctx context.Context, observer tranship.Observer, method string, err error) {
	if observer == nil {
		return
	}
	observer.Observe(ctx, []tranship.Event{{Kind: tranship.EventCallEnded, Method: method, Start: time.Now(), Err: err}})
}

// Transfer adds the end of an upload or download that began at start.
func (c *Call) Transfer(kind tranship.EventKind, path string, offset, bytes int64, start time.Time, err error) {
	if c == nil {
		return
	}
	c.Add(tranship.Event{
		Kind: kind, Path: path, Offset: offset, Bytes: bytes,
		Start: start, Duration: time.Since(start), Err: err,
	})
}

// Add adds an event. It tells those that wait when there are MaxObserved of them.
func (c *Call) Add(event tranship.Event) {
	if c == nil {
		return
	}
	event.Method = c.method
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, event)
	switch {
	case c.ended || len(c.events) == tranship.MaxObserved:
		c.tellLocked()
	case c.timer == nil:
		c.timer = time.AfterFunc(delay, c.tell)
	}
}

// End tells that the call has ended, after all events that wait.
func (c *Call) End(err error) {
	if c == nil {
		return
	}
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.Add(tranship.Event{Kind: tranship.EventCallEnded, Start: c.start, Duration: time.Since(c.start), Err: err})
}

func (c *Call) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tellLocked()
}

// tellLocked tells all events that wait.
func (c *Call) tellLocked() {
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	if len(c.events) == 0 {
		return
	}
	events := c.events
	c.events = nil
	c.observer.Observe(c.ctx, events)
}
