package native

import (
	"time"

	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

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
