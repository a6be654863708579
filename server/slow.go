package server

import (
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/pace"
)

// waiting is for how long the streams that have slots of an upload have kept their
// client waiting. The zero value has no streams.
type waiting struct {
	mu      sync.Mutex
	streams map[*pace.Call]*member
}

// member is one stream of an upload, with so many slots of it.
type member struct {
	slots int
	// held is what was counted by now.
	held time.Duration
}

// join takes in a slot on a stream, leave takes it out.
func (w *waiting) join(stream *pace.Call) {
	if stream == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.streams == nil {
		w.streams = make(map[*pace.Call]*member)
	}
	if w.streams[stream] == nil {
		w.streams[stream] = &member{held: stream.Held()}
	}
	w.streams[stream].slots++
}

func (w *waiting) leave(stream *pace.Call) {
	if stream == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if m := w.streams[stream]; m != nil {
		if m.slots--; m.slots == 0 {
			delete(w.streams, stream)
		}
	}
}

// held is for how long, added up, the streams have kept the client waiting since it was
// last asked.
func (w *waiting) held() (sum time.Duration) {
	w.mu.Lock()
	streams := maps.Clone(w.streams)
	w.mu.Unlock()
	for stream, m := range streams { // only the owner's goroutine changes held
		held := stream.Held()
		sum += held - m.held
		m.held = held
	}
	return sum
}

// provingRate is how fast, in bytes a second, a client reads what it has sent before
// and proves: far slower than any does.
const provingRate = 16 << 20

// slowness watches over the client of an upload: it belongs to the slot that owns it.
type slowness struct {
	limits  pace.Limits
	session *session
	// durable are the bytes that need not be sent.
	durable int64

	ticker *time.Ticker
	looked time.Time
	moved  int64
	meter  pace.Meter
	// owed is what the meter is about: whether bytes are owed.
	owed bool
}

// newSlowness is nil if there are no limits. The caller stops it.
func newSlowness(call *pace.Call, s *session) *slowness {
	if call == nil || call.Window <= 0 && call.Idle <= 0 {
		return nil
	}
	w := &slowness{limits: call.Limits, session: s, looked: time.Now()}
	for _, part := range s.upload.Durable() {
		w.durable += part.Length
	}
	interval := call.Idle
	if call.Window > 0 {
		interval = call.Window
	}
	w.ticker = time.NewTicker(max(interval/8, time.Millisecond))
	return w
}

func (w *slowness) stop() {
	if w != nil {
		w.ticker.Stop()
	}
}

func (w *slowness) tick() <-chan time.Time {
	if w == nil {
		return nil
	}
	return w.ticker.C
}

// look fails if the client is too slow. What counts is the time in which no stream of
// the upload keeps the client waiting.
//
// A client that does not tell a size reads from something that may be slow itself, and
// could not resume: from it, as from one that owes nothing but the end, only something
// must come from time to time.
func (w *slowness) look() error {
	now := time.Now()
	waited := now.Sub(w.looked) - w.session.waiting.held()
	w.looked = now
	total := w.session.received.Load() + w.session.copied.Load()
	moved := total - w.moved
	w.moved = total

	size := w.session.spec.Size
	owed := size == nil || total+w.durable < *size
	if owed != w.owed {
		w.owed, w.meter = owed, pace.Meter{}
	}
	need, bound := w.limits.Need(), w.limits.Window
	idle := size == nil || !owed || need <= 0 || bound <= 0
	if idle {
		need, bound = 1, w.limits.Idle
	}
	if !owed && bound > 0 {
		bound += time.Duration(float64(w.durable) / provingRate * float64(time.Second))
	}
	if bound <= 0 || w.meter.Add(waited, moved, need, bound) {
		return nil
	}
	path := w.session.spec.Path
	if idle {
		return fmt.Errorf("%w: nothing came of %s for %v (--idle-timeout)", tranship.ErrUnavailable, path, bound)
	}
	return fmt.Errorf("%w: less than %d bytes a second came of %s for %v (--min-rate): what can be resumed goes on from here", tranship.ErrUnavailable, w.limits.Rate, path, bound)
}
