package admission

import (
	"context"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/fair"
)

const (
	// DefaultMemoryLimit is that of NewMemory(0), 512 MiB.
	DefaultMemoryLimit = 512 << 20
	// MinMemoryLimit is the least limit of a Memory, 32 MiB.
	MinMemoryLimit = 32 << 20
	// DefaultMaxMessageBytes is the largest message that a transport accepts by default,
	// 2 MiB: twice a chunk.
	DefaultMaxMessageBytes = 2 << 20
	// WindowBytes is how much of a call a transport may have received beyond the message
	// that the handler has, 1 MiB.
	WindowBytes = 1 << 20
)

// A call counts with its window and its largest message; while it waits, with its
// window. Both are in bytes.
const (
	callBytes        = WindowBytes + DefaultMaxMessageBytes
	waitingCallBytes = WindowBytes
)

// A call may take less: it counts for as many parts as it takes, of partBytes each. All that
// it may take while it waits is in these.
const (
	callParts = 8
	partBytes = (callBytes + waitingCallBytes) / callParts
)

// minArriving is for how many calls with one message there is always room: for more than
// one caller.
const minArriving = 4

// wideFraction of the calls, one 5th, may be streams that uploads have beyond their first.
const wideFraction = 5

// The replies of one stream that its client does not read may take an even share of the
// memory for replies, which is one 16th of the limit. The least share is enough for
// about 2,000 replies to small files, the largest for 16,384.
const (
	leastReplies    = 512 << 10
	mostReplies     = 6 << 20
	repliesFraction = 16
)

// Memory bounds what clients can make a server hold in memory. One 32nd of the limit is
// for payload that waits to be stored: streams that need it wait in their order, and so
// do their clients. One 10th is for calls with one message, while that arrives. The rest
// is for calls that stream, 4 MiB for each call under way, or more if messages may be
// larger than DefaultMaxMessageBytes, or less for those that take less. As many calls again may wait up to 10 s for their
// turn; others fail with tranship.ErrUnavailable, and clients try them again later. A
// server needs about 30 MiB beside the limit.
//
// One caller, a principal or an address, has at most three quarters of all that. A call
// that has not sent a message keeps its place only while no caller with fewer calls needs
// it: see package fair.
//
// A Memory is safe for concurrent use; several services and transports share one.
type Memory struct {
	calls, arrivals *fair.Queue
	payload         *semaphore.Weighted
	// active counts the parts of the calls under way, at most callParts for each. There may
	// be capacity calls.
	active   atomic.Int64
	capacity int64
	// most is how many bytes one piece of payload counts for at most.
	most int64
	// replies is how many bytes the replies of all streams may take.
	replies int64

	mu sync.Mutex
	// granted counts the streams that all uploads under way may have.
	granted int64
}

// NewMemory returns a Memory of limit bytes; 0 means DefaultMemoryLimit. A limit below
// MinMemoryLimit counts as MinMemoryLimit.
func NewMemory(limit int64) *Memory {
	if limit == 0 {
		limit = DefaultMemoryLimit
	}
	limit = max(limit, MinMemoryLimit)
	payload := limit / 32
	arriving, waiting := max(limit/16/callBytes, minArriving), max(limit/32/waitingCallBytes, 1)
	calls := (limit - payload - arriving*callBytes - waiting*waitingCallBytes) / (callBytes + waitingCallBytes)
	const full = "there are as many transfers under way as the server's memory limit allows"
	return &Memory{
		calls:    fair.New(fair.Options{Places: calls * callParts, Call: callParts, Room: 2 * calls * callParts, Limit: tranship.LimitMemory, Full: full}),
		arrivals: fair.New(fair.Options{Places: arriving, Room: arriving + waiting, Limit: tranship.LimitMemory, Full: full}),
		payload:  semaphore.NewWeighted(payload),
		most:     payload,
		replies:  limit / repliesFraction,

		capacity: calls,
	}
}

// strangersPart is the part of all calls, one 4th, that callers without credentials may
// have where principals are preferred.
const strangersPart = 4

// PreferPrincipals keeps callers without credentials to a quarter of the calls, so that
// they cannot keep callers with credentials out, from any number of addresses. It is for
// servers that have authenticators, before they serve.
func (m *Memory) PreferPrincipals() {
	m.calls.PreferPrincipals(strangersPart)
	m.arrivals.PreferPrincipals(strangersPart)
}

// weight is for how many calls one counts whose messages may have so many bytes.
func weight(messageBytes int) int64 {
	return max((WindowBytes+int64(messageBytes)+callBytes-1)/callBytes, 1)
}

// Place is the place of a call that streams.
type Place struct {
	*fair.Place
	memory *Memory
	// counted is for how much of Memory.active it counts.
	counted int64
}

// Leave gives the place back. It must be called once.
func (p *Place) Leave() {
	p.memory.active.Add(-p.counted)
	p.Place.Leave()
}

// Enter takes the place of a call that streams, when it is its turn; silent means that
// the call has not sent a message. The errors are those of fair.Queue.Enter.
func (m *Memory) Enter(ctx context.Context, weight int64, silent bool) (*Place, error) {
	return m.enterParts(ctx, weight*callParts, silent)
}

// EnterSmall is Enter for a call that takes so many bytes in memory, or less.
func (m *Memory) EnterSmall(ctx context.Context, bytes int64, silent bool) (*Place, error) {
	return m.enterParts(ctx, max((bytes+partBytes-1)/partBytes, 1), silent)
}

func (m *Memory) enterParts(ctx context.Context, parts int64, silent bool) (*Place, error) {
	place, err := m.calls.Enter(ctx, parts, silent)
	if err != nil {
		return nil, err
	}
	counted := min(parts, callParts)
	m.active.Add(counted)
	return &Place{place, m, counted}, nil
}

// underWay is how many calls are under way; small ones count for their part of a call.
func (m *Memory) underWay() int64 { return (m.active.Load() + callParts - 1) / callParts }

// enterArrival takes the place of a call with one message, while that arrives.
func (m *Memory) enterArrival(ctx context.Context) (*fair.Place, error) {
	return m.arrivals.Enter(ctx, 1, true)
}

// Idle reports whether nothing is counted: no call, and no payload. It is for tests.
func (m *Memory) Idle() bool {
	if m.active.Load() != 0 || m.calls.Present() != 0 || !m.payload.TryAcquire(m.most) {
		return false
	}
	m.payload.Release(m.most)
	return true
}
