// Package minrate is the rule of how slow a client may be: what slow means, over which
// time, and who causes it. It knows no transport. Admission has the limits, and only
// services know what a client owes: they work together through the Call in the context of
// each call that has such limits.
package minrate

import (
	"context"
	"sync"
	"time"
)

// Limits are how slow a client may be.
type Limits struct {
	// Rate is the least rate in bytes a second, over a Window, at which a client sends
	// bytes that it owes, or takes bytes that it asked for; 0 means no limit.
	Rate int64
	// Window is over how much waiting Rate is measured.
	Window time.Duration
	// Idle is how long nothing may happen where no bytes are owed; 0 means unlimited.
	Idle time.Duration
}

// Need is how many bytes must move in a Window.
func (l Limits) Need() int64 { return int64(float64(l.Rate) * l.Window.Seconds()) }

// Call is one call whose client must not be too slow. It counts the time in which the
// client waits for the server, which does not count against the client. The methods of a
// nil Call do nothing. A Call is safe for concurrent use.
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

// Release ends a Hold.
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

// Held is how long the client has waited for the server so far.
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

// Meter detects a client that is too slow. The zero value has measured nothing. It is not
// safe for concurrent use.
type Meter struct {
	waited time.Duration
	moved  int64
}

// Add adds a time of waiting in which so many bytes moved. It returns false when fewer
// than need bytes moved in bound of waiting.
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
