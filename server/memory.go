package server

import (
	"context"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"

	"github.com/tranship/tranship/internal/grpcdesc"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/server/internal/fair"
)

// DefaultMemoryLimit is that of a Memory made with 0, 512 MiB.
const DefaultMemoryLimit = 512 << 20

// MinMemoryLimit is the least limit of a Memory, 32 MiB.
const MinMemoryLimit = 32 << 20

// DefaultMaxMessageBytes is the largest message that a server takes unless told
// otherwise: twice as much as a chunk.
const DefaultMaxMessageBytes = 2 << 20

// What a call is counted with, in bytes: what its flow-control window lets in, and the
// largest message; while it waits, its window.
const (
	callBytes        = streamWindow + DefaultMaxMessageBytes
	waitingCallBytes = streamWindow
)

// minArriving is for how many calls with one message there is always room: for more than
// one caller.
const minArriving = 4

// wideFraction of the calls, one 5th, may be streams that uploads have more than one of.
const wideFraction = 5

// What the replies of one stream may take in memory while its client does not read them,
// in bytes: an even part of what there is for those of all streams, one 16th of the limit.
// The least is for some 2,000 replies to small files, the most for 16,384.
const (
	leastReplies    = 512 << 10
	mostReplies     = 6 << 20
	repliesFraction = 16
)

// Memory bounds what clients can make a server hold in its memory. One 32nd of it is
// for payload that waits to be stored: who needs some waits, first come, first served,
// and so do the clients that send it. A 10th is for calls that have only one message,
// while that arrives. The rest is for calls that stream, 4 MiB for each that may be
// under way at once, or more if messages may be larger than DefaultMaxMessageBytes. As
// many again may wait up to 10 s for their turn, in their order; others fail with
// UNAVAILABLE, and clients try them again later. Beside that a server needs some 30 MiB.
//
// One caller, who is a principal or, if that is not known, an IPv4 address or IPv6 /64,
// has at most three quarters of all that, so that there is always room for others. A
// call that has sent no message has its place only as long as no caller with fewer
// calls needs it. See package fair.
//
// It is safe for concurrent use; several services can share one.
type Memory struct {
	calls, arrivals *fair.Queue
	payload         *semaphore.Weighted
	// active are the calls under way, of capacity.
	active   atomic.Int64
	capacity int64
	// most is how many bytes one piece of payload may be counted with.
	most int64
	// replies is how many bytes the replies of all streams may take.
	replies int64

	mu sync.Mutex
	// granted are the streams that all uploads under way may have.
	granted int64
}

// NewMemory returns a Memory of limit bytes; 0: DefaultMemoryLimit, and at least
// MinMemoryLimit.
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
		calls:    fair.New(fair.Options{Places: calls, Room: 2 * calls, Full: full}),
		arrivals: fair.New(fair.Options{Places: arriving, Room: arriving + waiting, Full: full}),
		payload:  semaphore.NewWeighted(payload),
		most:     payload,
		replies:  limit / repliesFraction,

		capacity: calls,
	}
}

// weight is for how many calls one counts whose messages may have so many bytes.
func weight(messageBytes int) int64 {
	return max((streamWindow+int64(messageBytes)+callBytes-1)/callBytes, 1)
}

// strangersPart is the part of all calls, one 4th, that callers without credentials may
// have where principals are preferred.
const strangersPart = 4

// PreferPrincipals keeps callers without credentials to a quarter of the calls, so that
// they cannot keep callers with credentials out, from however many addresses they come.
// It is for servers that know callers by their credentials, before they serve.
func (m *Memory) PreferPrincipals() {
	m.calls.PreferPrincipals(strangersPart)
	m.arrivals.PreferPrincipals(strangersPart)
}

// stream runs the handler of a call that streams, when it is its turn. The handler may
// still run when stream has returned because the call had to give way: gRPC then ends the
// call, and with it what the handler waits for.
func (m *Memory) stream(stream grpc.ServerStream, weight int64, handler func(stream grpc.ServerStream) error) error {
	place, err := m.calls.Enter(stream.Context(), weight, true)
	if err != nil {
		return rpcstatus.Error(err)
	}
	m.active.Add(1)
	defer m.active.Add(-1)
	defer place.Leave()
	done := make(chan error, 1)
	go func() { done <- handler(&arrivingStream{ServerStream: stream, place: place}) }()
	select {
	case err := <-done:
		return err
	case <-place.Over():
		return rpcstatus.Error(fair.ErrOvertaken())
	}
}

// arrivingStream tells its place when the first message has arrived.
type arrivingStream struct {
	grpc.ServerStream
	place *fair.Place
	told  bool // by the one goroutine that receives
}

// RecvMsg implements grpc.ServerStream.
func (s *arrivingStream) RecvMsg(message any) error {
	err := s.ServerStream.RecvMsg(message)
	if err != nil || s.told {
		return err
	}
	s.told = true
	if err := s.place.Arrived(); err != nil {
		// The call has got its status, by which nothing was done.
		if m, ok := message.(*payload.Message); ok {
			m.Free()
		}
		return rpcstatus.Error(err)
	}
	return nil
}

// Guard returns a copy of a service's description in which the messages of calls that
// have only one count while they arrive. Others count by GRPCOptions. Every service of a
// server is to be guarded that has such calls; Register does it for its own.
func (m *Memory) Guard(description *grpc.ServiceDesc) *grpc.ServiceDesc {
	return grpcdesc.WrapMethods(description, func(_ string, handler grpc.MethodHandler) grpc.MethodHandler {
		return func(service any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			return handler(service, ctx, func(message any) error {
				return m.receive(ctx, func() error { return decode(message) })
			}, interceptor)
		}
	})
}

// receive receives the only message of a call, when it is its turn. When the call has to
// give way, it returns before decode does, which then ends with the call.
func (m *Memory) receive(ctx context.Context, decode func() error) error {
	place, err := m.arrivals.Enter(ctx, 1, true)
	if err != nil {
		return rpcstatus.Error(err)
	}
	defer place.Leave()
	done := make(chan error, 1)
	go func() { done <- decode() }()
	select {
	case err := <-done:
		return err
	case <-place.Over():
		return rpcstatus.Error(fair.ErrOvertaken())
	}
}

// grantStreams is how many streams one of so many uploads under way may have, to which
// had were granted before: what more than one stream each takes is shared evenly, and
// granted only as long as it is there.
func (m *Memory) grantStreams(had int64, uploads int) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	wide := m.capacity / wideFraction
	if m.active.Load() > m.capacity/2 {
		wide = 0
	}
	granted := max(min(wide/int64(max(uploads, 1)), wide-(m.granted-had)), 1)
	m.granted += granted - had
	return granted
}

// dropStreams gives back what was granted.
func (m *Memory) dropStreams(granted int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.granted -= granted
}

// repliesOfStream is how many bytes the replies of one stream may take at the moment.
func (m *Memory) repliesOfStream() int {
	return int(min(max(m.replies/max(m.active.Load(), 1), leastReplies), mostReplies))
}

// hold waits until there is room for n bytes; drop gives it back.
func (m *Memory) hold(ctx context.Context, n int64) error {
	return m.payload.Acquire(ctx, min(n, m.most))
}

func (m *Memory) drop(n int64) { m.payload.Release(min(n, m.most)) }
