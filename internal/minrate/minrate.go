// Package minrate defines how slow a client may be: below which rate, over which time,
// and which waits it is responsible for. It is independent of the transport. Admission
// has the limits, and only services know what a client owes. They share the Call in the
// context of each call that has such limits.
package minrate

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Limits bound how slow a client may be.
type Limits struct {
	// Rate is the minimum rate in bytes a second, measured over a Window, at which a
	// client must send bytes that it owes, or take bytes that it requested; 0 means no
	// limit.
	Rate int64
	// Window is the amount of waiting over which Rate is measured.
	Window time.Duration
	// Idle is how long a client that owes no bytes may do nothing; 0 means unlimited.
	Idle time.Duration
}

// Need returns how many bytes must move in a Window.
func (l Limits) Need() int64 { return int64(float64(l.Rate) * l.Window.Seconds()) }

// lateness is how late a look must be to show that the process did not run.
const lateness = time.Second

// DidNotRun reports whether this process, which looks at an interval, did not run in much of
// the time since its last look: it was stopped, or its machine slept. It could not hear
// clients meanwhile.
func DidNotRun(since, interval time.Duration) bool { return since >= interval+max(interval, lateness) }

// Call is one call with a minimum rate. It measures the time in which the client waits
// for the server, which does not count against the client. The methods of a nil Call do
// nothing. A Call is safe for concurrent use.
type Call struct {
	Limits

	download atomic.Bool

	mu    sync.Mutex
	holds int
	since time.Time
	held  time.Duration
}

// Download marks a call whose client asks for bytes and sends none. Messages of the client,
// such as signs of life, do not count: the client must take the bytes.
func (c *Call) Download() {
	if c != nil {
		c.download.Store(true)
	}
}

// IsDownload reports whether Download was called.
func (c *Call) IsDownload() bool { return c != nil && c.download.Load() }

// Hold begins a time in which the client waits for the server, until Release is called.
// Holds may overlap.
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

// Held returns how long the client has waited for the server so far.
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

// Meter detects a client that is too slow. The zero value is ready to use. It is not safe
// for concurrent use.
type Meter struct {
	waited time.Duration
	moved  int64
}

// Add records a wait in which moved bytes moved. It returns false if fewer than need
// bytes moved in bound of waiting.
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

// NewContext returns a context that carries call.
func NewContext(ctx context.Context, call *Call) context.Context {
	return context.WithValue(ctx, contextKey{}, call)
}

// FromContext returns the call that a context carries; nil if the call has no limits.
func FromContext(ctx context.Context) *Call {
	call, _ := ctx.Value(contextKey{}).(*Call)
	return call
}
