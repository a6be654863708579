package native

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// askedKeepAlive returns the interval at which the client of a call asks for signs of life;
// 0 if it asks for none.
func askedKeepAlive(ctx context.Context) time.Duration {
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

// startHeartbeat calls beat at an interval until stop is called, which waits for a call under
// way. Further calls of stop do nothing. With an interval of 0 it does nothing.
func startHeartbeat(interval time.Duration, beat func()) (stop func()) {
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

// talker sends the messages of a call to its client, and signs of life between them. It is safe
// for concurrent use.
type talker[Response any] struct {
	mu   sync.Mutex
	send func(*Response) error
	// spoken means that a message was sent since the last beat.
	spoken bool
	stop   func()
}

// newTalker returns the talker of a stream with one request. The caller must call stop, after
// which nothing may be sent.
func newTalker[Response any](ctx context.Context, send func(*Response) error) *talker[Response] {
	t := &talker[Response]{send: send}
	t.stop = startHeartbeat(askedKeepAlive(ctx), t.beat)
	return t
}

// Send sends a message.
func (t *talker[Response]) Send(response *Response) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spoken = true
	return t.send(response)
}

// beat sends an empty message, unless something else was sent or is being sent.
func (t *talker[Response]) beat() {
	if !t.mu.TryLock() {
		return
	}
	defer t.mu.Unlock()
	if !t.spoken {
		_ = t.send(new(Response)) // the next message fails as well
	}
	t.spoken = false
}

// keepalive returns the ticks at which a stream whose client asks for no signs of life sends
// progress.
func (s *Service) keepalive(asked time.Duration) (ticks <-chan time.Time, stop func()) {
	if asked > 0 {
		return nil, func() {}
	}
	ticker := time.NewTicker(s.Options.Keepalive)
	return ticker.C, ticker.Stop
}

// beat sends a sign of life if the stream has been quiet, in either direction, while a file
// is under way. The client answers. It may be called while receiving waits for memory or for
// the store.
func (u *uploadStream) beat() {
	spoken, heard, held := !u.replies.quiet(), u.heard.Swap(false), u.pace.Held()
	starved := !heard && u.awaiting.Load() && held == u.held
	u.held = held
	if spoken && heard || u.isIdle() {
		return
	}
	sign := &transhipv1.KeepAlive{}
	if starved {
		sign.StarvedAfter = new(u.arrived.Load())
	}
	u.replies.keepAlive(sign)
}

// isIdle reports whether no file is under way.
func (u *uploadStream) isIdle() bool {
	if !u.workers.TryAcquire(streamWorkers) {
		return false
	}
	u.workers.Release(streamWorkers)
	return true
}

// beat sends a sign of life if the stream has been quiet, in a direction that is open, while
// a slot is without its terminal reply.
func (d *downloadStream) beat() {
	spoken, heard := d.spoken.Swap(false), d.heard.Swap(false) || d.ended.Load()
	if spoken && heard || d.isIdle() || !d.sendMu.TryLock() {
		return
	}
	defer d.sendMu.Unlock()
	// When that fails, the stream has failed.
	_ = d.stream.Send(&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_KeepAlive{KeepAlive: &transhipv1.KeepAlive{}}})
}

// isIdle reports whether all slots have had their terminal reply.
func (d *downloadStream) isIdle() bool {
	if !d.unanswered.TryAcquire(wire.MaxUnfinishedSlots) {
		return false
	}
	d.unanswered.Release(wire.MaxUnfinishedSlots)
	return true
}
