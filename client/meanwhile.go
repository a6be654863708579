package client

import (
	"context"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"

	"github.com/tranship/tranship"
)

// meanwhile calls Options.Meanwhile once the connection is made: the time that an answer takes then is that of a
// round trip. It calls it also if that fails, and so do all calls then.
func meanwhile(ctx context.Context, conn *grpc.ClientConn, store tranship.Reader, call func(context.Context, tranship.Reader)) {
	for state := conn.GetState(); state == connectivity.Idle || state == connectivity.Connecting; state = conn.GetState() {
		if !conn.WaitForStateChange(ctx, state) {
			break
		}
	}
	call(ctx, store)
}

// earlyReader is the store of Options.Meanwhile. Stat and List need nothing that Dial finds out.
type earlyReader struct {
	client *Client
	// dialed is closed at the end of Dial.
	dialed <-chan struct{}
}

// Stat implements tranship.Reader.
func (r *earlyReader) Stat(ctx context.Context, path string) (tranship.File, error) {
	return r.client.Stat(ctx, path)
}

// List implements tranship.Reader.
func (r *earlyReader) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return r.client.List(ctx, options)
}

// Open implements tranship.Reader. What carries the content is known at the end of Dial.
func (r *earlyReader) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	select {
	case <-r.dialed:
		return r.client.Open(ctx, path, options)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
