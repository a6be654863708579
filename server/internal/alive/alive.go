// Package alive sends signs of life on streams of calls whose clients ask for them.
package alive

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/tranship/tranship/internal/wire"
)

// Asked returns the interval at which the client of a call asks for signs of life;
// 0 if it asks for none.
func Asked(ctx context.Context) time.Duration {
	return wire.KeepAliveFromMetadata(metadata.ValueFromIncomingContext(ctx, wire.KeepAliveKey))
}

// heartbeat calls a function at an interval. It costs one timer, and no goroutine between
// two calls.
type heartbeat struct {
	interval time.Duration
	beat     func()

	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
}

// Start calls beat at an interval until stop is called, which waits for a call under
// way. Further calls of stop do nothing. With an interval of 0 it does nothing.
func Start(interval time.Duration, beat func()) (stop func()) {
	if interval <= 0 {
		return func() {}
	}
	h := &heartbeat{interval: interval, beat: beat}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.timer = time.AfterFunc(interval, h.run)
	return h.stop
}

func (h *heartbeat) run() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return
	}
	h.beat()
	h.timer.Reset(h.interval)
}

func (h *heartbeat) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	h.timer.Stop()
}

// Talker sends the messages of a call to its client, and signs of life between them. It is safe
// for concurrent use.
type Talker[Response any] struct {
	mu   sync.Mutex
	send func(*Response) error
	// spoken means that a message was sent since the last beat.
	spoken bool
	end    func()
}

// NewTalker returns the talker of a stream with one request. The caller must call Stop, after
// which nothing may be sent.
func NewTalker[Response any](ctx context.Context, send func(*Response) error) *Talker[Response] {
	t := &Talker[Response]{send: send}
	t.end = Start(Asked(ctx), t.beat)
	return t
}

// Send sends a message.
func (t *Talker[Response]) Send(response *Response) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spoken = true
	return t.send(response)
}

// beat sends an empty message, unless something else was sent or is being sent.
func (t *Talker[Response]) beat() {
	if !t.mu.TryLock() {
		return
	}
	defer t.mu.Unlock()
	if !t.spoken {
		_ = t.send(new(Response)) // the next message fails as well
	}
	t.spoken = false
}

// Stop ends the signs of life.
func (t *Talker[Response]) Stop() { t.end() }
