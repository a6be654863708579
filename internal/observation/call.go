package observation

import (
	"context"
	"time"

	"github.com/tranship/tranship"
)

// Call is a call that is observed. A nil *Call does nothing. It is safe for concurrent use.
type Call struct {
	batch  *Batch
	ctx    context.Context
	method string
	start  time.Time
}

// key is the key of the *Call in a context.
type key struct{}

// Begin adds the event that a call has begun, and returns the Call and a context that has
// it. For a nil *Batch, it returns ctx and nil.
func (b *Batch) Begin(ctx context.Context, method string) (context.Context, *Call) {
	if b == nil {
		return ctx, nil
	}
	c := &Call{batch: b, method: method, start: time.Now()}
	c.ctx = context.WithValue(ctx, key{}, c)
	b.Add(tranship.Event{Context: c.ctx, Kind: tranship.EventCallBegun, Method: method, Start: c.start})
	return c.ctx, c
}

// FromContext returns the Call of a context, or nil.
func FromContext(ctx context.Context) *Call {
	c, _ := ctx.Value(key{}).(*Call)
	return c
}

// Transfer adds the end of an upload or download of the call that began at start.
func (c *Call) Transfer(kind tranship.EventKind, path string, offset, bytes int64, start time.Time, err error) {
	if c == nil {
		return
	}
	c.batch.Add(tranship.Event{
		Context: c.ctx, Kind: kind, Method: c.method, Path: path, Offset: offset, Bytes: bytes,
		Start: start, Duration: time.Since(start), Err: err,
	})
}

// End adds the event that the call has ended.
func (c *Call) End(err error) {
	if c == nil {
		return
	}
	c.batch.Add(tranship.Event{
		Context: c.ctx, Kind: tranship.EventCallEnded, Method: c.method,
		Start: c.start, Duration: time.Since(c.start), Err: err,
	})
}
