// Package recorded lets what writes an audit log and what serves calls agree on whether a
// failure has its line: what serves calls puts a Mark into the context of each action,
// what writes a line about a failure sets it, and a failure without a line gets one.
package recorded

import (
	"context"
	"sync/atomic"
)

// Mark is whether the failure of an action has its line. It is safe for concurrent use.
type Mark struct{ failure atomic.Bool }

// key is the key of the mark in a context.
type key struct{}

// NewContext returns the context of an action, and its mark.
func NewContext(ctx context.Context) (context.Context, *Mark) {
	mark := &Mark{}
	return context.WithValue(ctx, key{}, mark), mark
}

// Failure notes that a line was written about the failure of the action of a context. It
// does nothing if that has no mark.
func Failure(ctx context.Context) {
	if mark, ok := ctx.Value(key{}).(*Mark); ok {
		mark.failure.Store(true)
	}
}

// Failure reports whether a line was written about the failure of the action.
func (m *Mark) Failure() bool { return m.failure.Load() }
