package client

import (
	"context"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/tranship/tranship/internal/silence"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// keepAliveShare is the part of the stall timeout at which the client asks to hear of the
// server, so that single late messages are no stall.
const keepAliveShare = 4

// setStallTimeout sets the stall timeout, and how often the client asks the server for a sign
// of life.
func (c *Client) setStallTimeout(timeout time.Duration) {
	c.stallTimeout = timeout
	c.keepAlive = wire.KeepAliveToMetadata(min(max(timeout/keepAliveShare, wire.MinKeepAlive), wire.DefaultKeepAlive))
}

// askKeepAlive returns a context for a call that streams. It makes the call ask the server for
// signs of life while nothing else happens.
func (c *Client) askKeepAlive(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, wire.KeepAliveKey, c.keepAlive)
}

// aliveAgain is how long a server counts as alive on a stream after a sign of life.
const aliveAgain = 3 * wire.DefaultKeepAlive

// requestAnswer makes transmit answer a sign of life.
func (u *uploadStream) requestAnswer() {
	select {
	case u.answer <- struct{}{}:
	default:
	}
}

// heardAlive records that the server is alive in the watches of all operations that wait for
// this stream.
func (u *uploadStream) heardAlive() {
	if u.observer != nil {
		u.observer.heardAlive()
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, slot := range u.slots {
		silence.Alive(slot.ctx)
	}
}

// isSilent reports whether slots wait for a stream on which nothing came for long.
func (u *uploadStream) isSilent() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.slots) > 0 && time.Since(u.heard) > aliveAgain
}

// heardAlive implements replyObserver. The upload waits for all of its streams: one that is
// silent, because its connection is dead, must not be taken for alive because of another.
func (u *upload) heardAlive() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.heardAliveLocked()
}

func (u *upload) heardAliveLocked() {
	for _, s := range u.streams {
		if s.call != nil && s.call.isSilent() {
			return
		}
	}
	silence.Alive(u.ctx)
}

// heardAlive records that the server is alive in the watches of all operations that wait for
// this stream, and answers.
func (d *downloadStream) heardAlive() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, slot := range d.slots {
		silence.Alive(slot.ctx)
	}
	select {
	case d.answer <- struct{}{}:
	default:
	}
}

// The answers of a client to a server that shows that it is alive.
func uploadKeepAlive() *transhipv1.UploadRequest {
	return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_KeepAlive{KeepAlive: &transhipv1.KeepAlive{}}}
}

func downloadKeepAlive() *transhipv1.DownloadRequest {
	return &transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_KeepAlive{KeepAlive: &transhipv1.KeepAlive{}}}
}
