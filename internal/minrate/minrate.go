// Package minrate is the rule of how slow a client may be: what is slow, over which time,
// and whose fault it is. It knows no transport. Limits belong to a transport, and what a
// client owes only services know: they work together with a Call in the context of each
// call that has such limits.
package minrate

import (
	"context"
	"sync"
	"time"
)

// Limits say how slow a client may be.
type Limits struct {
	// Rate is the least of bytes a second, over a window, while a client owes bytes,
	// or does not take those that it asked for; 0: none.
	Rate int64
	// Window is over how much waiting Rate is measured.
	Window time.Duration
	// Idle is how long nothing may happen where no bytes are owed; 0: any time.
	Idle time.Duration
}

// Need is how many bytes a window must have.
func (l Limits) Need() int64 { return int64(float64(l.Rate) * l.Window.Seconds()) }

// Call is one call whose client must not be too slow. It counts the time for which the
// server makes the client wait, which is not the client's fault. The methods of a nil
// Call do nothing. It is safe for concurrent use.
type Call struct {
	Limits

	mu    sync.Mutex
	holds int
	since time.Time
	held  time.Duration
}

// Hold begins a time in which the client waits for the server; it may do so for several
// reasons at once. Release ends it.
func (c *Call) Hold() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.holds == 0 {
		c.since = time.Now()
	}
	c.holds++
}

// Release is the end of a Hold.
func (c *Call) Release() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holds--
	if c.holds == 0 {
		c.held += time.Since(c.since)
	}
}

// Held is for how long the client has waited for the server by now.
func (c *Call) Held() time.Duration {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.holds == 0 {
		return c.held
	}
	return c.held + time.Since(c.since)
}

// Meter finds out that somebody is too slow. The zero value begins with nothing. It is
// not safe for concurrent use.
type Meter struct {
	waited time.Duration
	moved  int64
}

// Add takes in that somebody was waited for, and moved so many bytes. It is false when
// fewer than need were moved in as much waiting as bound.
func (m *Meter) Add(waited time.Duration, moved, need int64, bound time.Duration) bool {
	m.waited += max(waited, 0)
	m.moved += moved
	if m.moved >= need {
		*m = Meter{}
		return true
	}
	return m.waited < bound
}

// contextKey is the key of the call in a context.
type contextKey struct{}

// NewContext returns a context of a call.
func NewContext(ctx context.Context, call *Call) context.Context {
	return context.WithValue(ctx, contextKey{}, call)
}

// FromContext returns the call of a context; nil if it has no limits.
func FromContext(ctx context.Context) *Call {
	call, _ := ctx.Value(contextKey{}).(*Call)
	return call
}
