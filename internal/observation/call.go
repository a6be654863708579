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
	// transport is that of the context; "" on a client.
	transport string
	start     time.Time
}

// key is the key of the *Call in a context.
type key struct{}

// Begin adds the event that a call has begun, and returns the Call and a context that has
// it. For a nil *Batch, it returns ctx and nil.
func (b *Batch) Begin(ctx context.Context, method string) (context.Context, *Call) {
	if b == nil {
		return ctx, nil
	}
	c := &Call{batch: b, method: method, transport: Transport(ctx), start: time.Now()}
	c.ctx = context.WithValue(ctx, key{}, c)
	b.Add(tranship.Event{Context: c.ctx, Kind: tranship.EventCallBegun, Method: method, Transport: c.transport, Start: c.start})
	return c.ctx, c
}

// FromContext returns the Call of a context, or nil.
func FromContext(ctx context.Context) *Call {
	c, _ := ctx.Value(key{}).(*Call)
	return c
}

// Transfer is the end of an upload or download of a call.
type Transfer struct {
	Path          string
	Offset, Bytes int64
	// Start is when it began.
	Start time.Time
	Err   error
}

// Transfers adds the ends of transfers, all of one kind: tranship.EventUpload or
// tranship.EventDownload. They end now.
func (c *Call) Transfers(kind tranship.EventKind, transfers ...Transfer) {
	if c == nil {
		return
	}
	now := time.Now()
	events := make([]tranship.Event, len(transfers))
	for i, t := range transfers {
		events[i] = tranship.Event{
			Context: c.ctx, Kind: kind, Method: c.method, Transport: c.transport, Path: t.Path, Offset: t.Offset, Bytes: t.Bytes,
			Start: t.Start, Duration: now.Sub(t.Start), Err: t.Err,
		}
	}
	c.batch.Add(events...)
}

// End adds the event that the call has ended.
func (c *Call) End(err error) {
	if c == nil {
		return
	}
	c.batch.Add(tranship.Event{
		Context: c.ctx, Kind: tranship.EventCallEnded, Method: c.method, Transport: c.transport,
		Start: c.start, Duration: time.Since(c.start), Err: err,
	})
}
