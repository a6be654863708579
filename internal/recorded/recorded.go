// Package recorded lets the writer of an audit log and the code that serves calls agree on
// whether a failure has its line in the log. The serving code puts a Mark into the context
// of each action. The writer sets the Mark when it writes a line about a failure. The
// serving code then writes the line for a failure without one.
package recorded

import (
	"context"
	"sync/atomic"
)

// Mark records whether the failure of an action has its line. It is safe for concurrent use.
type Mark struct {
	failure atomic.Bool
	// call records whether the failure of the whole call has its line; nil outside of
	// NewCall.
	call *atomic.Bool
}

// key is the key of the *Mark in a context, callKey that of the mark of its call, and lookupKey
// that of a lookup.
type (
	key       struct{}
	callKey   struct{}
	lookupKey struct{}
)

// NewContext returns a context for an action, and its Mark.
func NewContext(ctx context.Context) (context.Context, *Mark) {
	mark := &Mark{}
	mark.call, _ = ctx.Value(callKey{}).(*atomic.Bool)
	return context.WithValue(ctx, key{}, mark), mark
}

// NewCall returns a context for a call that can fail as a whole, together with all its
// actions in progress.
func NewCall(ctx context.Context) context.Context {
	return context.WithValue(ctx, callKey{}, new(atomic.Bool))
}

// NewLookup returns a context for a lookup by which the serving code decides about another action.
// The lookup has no line, because the action has one.
func NewLookup(ctx context.Context) context.Context {
	return context.WithValue(ctx, lookupKey{}, true)
}

// IsLookup reports whether a context is one of NewLookup.
func IsLookup(ctx context.Context) bool { return ctx.Value(lookupKey{}) != nil }

// Failure records that a line was written about the failure of the action of a context. It
// does nothing if the context has no Mark.
func Failure(ctx context.Context) {
	if mark, ok := ctx.Value(key{}).(*Mark); ok {
		mark.failure.Store(true)
	}
}

// CallFailure is Failure for the call of a context and for all its actions, including later
// ones.
func CallFailure(ctx context.Context) {
	Failure(ctx)
	if call, ok := ctx.Value(callKey{}).(*atomic.Bool); ok {
		call.Store(true)
	}
}

// Failure reports whether a line was written about the failure of the action.
func (m *Mark) Failure() bool {
	return m.failure.Load() || m.call != nil && m.call.Load()
}
