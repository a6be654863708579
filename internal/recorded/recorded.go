// Package recorded lets what writes an audit log and what serves calls agree on whether a
// failure has its line: what serves calls puts a Mark into the context of each action,
// what writes a line about a failure sets it, and a failure without a line gets one.
package recorded

import (
	"context"
	"sync/atomic"
)

// Mark is whether the failure of an action has its line. It is safe for concurrent use.
type Mark struct {
	failure atomic.Bool
	// call is whether that of the action's whole call has; nil outside of NewCall.
	call *atomic.Bool
}

// key is the key of the mark in a context, callKey that of the end of its call.
type (
	key     struct{}
	callKey struct{}
)

// NewContext returns the context of an action, and its mark.
func NewContext(ctx context.Context) (context.Context, *Mark) {
	mark := &Mark{}
	mark.call, _ = ctx.Value(callKey{}).(*atomic.Bool)
	return context.WithValue(ctx, key{}, mark), mark
}

// NewCall returns the context of a call that can fail as a whole, with all actions that
// are under way in it.
func NewCall(ctx context.Context) context.Context {
	return context.WithValue(ctx, callKey{}, new(atomic.Bool))
}

// Failure notes that a line was written about the failure of the action of a context. It
// does nothing if that has no mark.
func Failure(ctx context.Context) {
	if mark, ok := ctx.Value(key{}).(*Mark); ok {
		mark.failure.Store(true)
	}
}

// CallFailure is Failure for the call of a context and all its actions, from now on.
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
