package minrate

import (
	"maps"
	"sync"
	"time"
)

// Waiting measures how long the streams of one upload have kept their client waiting. The
// zero value has no streams. It is safe for concurrent use.
type Waiting struct {
	mu      sync.Mutex
	streams map[*Call]*member
}

// member is one stream of an upload. parts counts the parts that it carries.
type member struct {
	parts int
	// held is how much of the stream's Held was counted so far.
	held time.Duration
}

// Join adds a stream. The caller calls it once for each part that the stream carries, and
// ends it with Leave. A nil stream has no limits and does not count.
func (w *Waiting) Join(stream *Call) {
	if stream == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.streams == nil {
		w.streams = make(map[*Call]*member)
	}
	if w.streams[stream] == nil {
		w.streams[stream] = &member{held: stream.Held()}
	}
	w.streams[stream].parts++
}

// Leave ends a Join.
func (w *Waiting) Leave(stream *Call) {
	if stream == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if m := w.streams[stream]; m != nil {
		if m.parts--; m.parts == 0 {
			delete(w.streams, stream)
		}
	}
}

// held returns how long the streams together have kept the client waiting since the last
// call of held. Calls must not be concurrent.
func (w *Waiting) held() (sum time.Duration) {
	w.mu.Lock()
	streams := maps.Clone(w.streams)
	w.mu.Unlock()
	for stream, m := range streams {
		held := stream.Held()
		sum += held - m.held
		m.held = held
	}
	return sum
}

// provingRate is the lowest rate, in bytes a second, at which a client is expected to
// read again what it has sent before, to prove that it has the same file. All real
// clients are far faster.
const provingRate = 16 << 20

// Sender checks the rate of the client that sends an upload. The methods of a nil Sender
// do nothing. It is not safe for concurrent use.
type Sender struct {
	limits  Limits
	waiting *Waiting
	// size is the size of the upload in bytes, negative if unknown. durable is how many
	// of them need not be sent.
	size, durable int64

	ticker   *time.Ticker
	interval time.Duration
	looked   time.Time
	moved    int64
	alive    int64
	meter    Meter
	// owed is whether the meter measures bytes that the client owes.
	owed bool
}

// NewSender returns a Sender for an upload of size bytes, negative if that is unknown, of
// which durable bytes need not be sent. It returns nil if call is nil, which means that
// it has no limits. The caller must call Stop.
func NewSender(call *Call, waiting *Waiting, size, durable int64) *Sender {
	if call == nil || call.Window <= 0 && call.Idle <= 0 {
		return nil
	}
	interval := call.Idle
	if call.Window > 0 {
		interval = call.Window
	}
	interval = max(interval/8, time.Millisecond)
	return &Sender{
		limits: call.Limits, waiting: waiting, size: size, durable: durable, looked: time.Now(),
		ticker: time.NewTicker(interval), interval: interval,
	}
}

// Stop releases the timer of the Sender.
func (s *Sender) Stop() {
	if s != nil {
		s.ticker.Stop()
	}
}

// Tick returns the channel that signals when to call Look.
func (s *Sender) Tick() <-chan time.Time {
	if s == nil {
		return nil
	}
	return s.ticker.C
}

// Begin begins a Look of the caller, which looks at each Tick. Time in which this process did
// not run does not count.
func (s *Sender) Begin() {
	if now := time.Now(); DidNotRun(now.Sub(s.looked), s.interval) {
		s.waiting.held()
		s.looked = now
	}
}

// Slow describes a client that is too slow: for Bound it sent less than Rate bytes a
// second or, if Idle is true, nothing.
type Slow struct {
	Idle  bool
	Rate  int64
	Bound time.Duration
}

// Look returns how the client is too slow, and nil if it is not. total is how many bytes
// have arrived, and alive the number of the client's signs of life. Only the time counts in
// which no stream of the upload keeps the client waiting.
//
// A client that does not know the size reads from a source that may be slow itself, and
// could not resume. It must send something within Idle, if only that it is alive. A client
// that owes only the end of its upload must send that within Idle.
func (s *Sender) Look(total, alive int64) *Slow {
	now := time.Now()
	waited := now.Sub(s.looked) - s.waiting.held()
	s.looked = now
	moved, shown := total-s.moved, alive-s.alive
	s.moved, s.alive = total, alive

	owed := s.size < 0 || total+s.durable < s.size
	if owed != s.owed {
		s.owed, s.meter = owed, Meter{}
	}
	need, bound := s.limits.Need(), s.limits.Window
	idle := s.size < 0 || !owed || need <= 0 || bound <= 0
	if idle {
		need, bound = 1, s.limits.Idle
	}
	if s.size < 0 {
		moved += shown
	}
	if !owed && bound > 0 {
		bound += time.Duration(float64(s.durable) / provingRate * float64(time.Second))
	}
	if bound <= 0 || s.meter.Add(waited, moved, need, bound) {
		return nil
	}
	return &Slow{Idle: idle, Rate: s.limits.Rate, Bound: bound}
}
