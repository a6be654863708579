package tranship

import "context"

// copyProgressKey is the key of the function of NewCopyProgressContext.
type copyProgressKey struct{}

// NewCopyProgressContext returns a context for Store.Copy, during which the store calls
// progress with the number of bytes that it has copied so far. Calls are made from
// arbitrary goroutines, by one at a time, and the number never decreases during one call of
// Copy; a decorator that repeats the Copy begins at 0 again. progress must not block for
// long, and is not called after Copy has returned.
//
// A store calls progress every few seconds if it copies for so long. A store that shares
// the content instead of copying it, and one that does not know how far it is, may call it
// never.
func NewCopyProgressContext(ctx context.Context, progress func(copied int64)) context.Context {
	return context.WithValue(ctx, copyProgressKey{}, progress)
}

// CopyProgressFromContext returns the function that a store must call during Copy; it is never
// nil.
func CopyProgressFromContext(ctx context.Context) (progress func(copied int64)) {
	if progress, ok := ctx.Value(copyProgressKey{}).(func(int64)); ok && progress != nil {
		return progress
	}
	return func(int64) {}
}
