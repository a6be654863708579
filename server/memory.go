package server

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/tranship/tranship"
)

// DefaultMemoryLimit is that of a Memory made with 0, 512 MiB.
const DefaultMemoryLimit = 512 << 20

// MinMemoryLimit is the least limit of a Memory, 16 MiB.
const MinMemoryLimit = 16 << 20

// What a call that streams is counted with, in bytes: what its flow-control window lets
// in, and one message of the largest chunk; of one that waits, its window.
const (
	callBytes        = streamWindow + 1<<20
	waitingCallBytes = streamWindow
)

// admissionTime is how long a call waits for others to end.
const admissionTime = 10 * time.Second

// wideFraction of the calls, one 5th, may be streams that uploads have more than one of.
const wideFraction = 5

// Memory bounds what clients can make a server hold in its memory. One 32nd of it is
// for payload that waits to be stored: who needs some waits, first come, first served,
// and so do the clients that send it. The rest is for calls that stream, 3 MiB for each
// that may be under way at once. As many again may wait up to 10 s for their turn, in
// their order; others fail with UNAVAILABLE, and clients try them again later. Beside
// that a server needs some 30 MiB.
//
// It is safe for concurrent use; several services can share one.
type Memory struct {
	calls, present, payload *semaphore.Weighted
	// active are the calls under way, of capacity.
	active   atomic.Int64
	capacity int64
	// most is how many bytes one piece of payload may be counted with.
	most int64

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
	calls := (limit - payload) / (callBytes + waitingCallBytes)
	return &Memory{
		calls:   semaphore.NewWeighted(calls),
		present: semaphore.NewWeighted(2 * calls),
		payload: semaphore.NewWeighted(payload),
		most:    payload,

		capacity: calls,
	}
}

// enter counts a call that streams, when it is its turn; leave ends it.
func (m *Memory) enter(ctx context.Context) (leave func(), err error) {
	full := fmt.Errorf("%w: there are as many transfers under way as the server's memory limit allows", tranship.ErrUnavailable)
	if !m.present.TryAcquire(1) {
		return nil, full
	}
	waiting, cancel := context.WithTimeout(ctx, admissionTime)
	defer cancel()
	if m.calls.Acquire(waiting, 1) != nil {
		m.present.Release(1)
		return nil, cmp.Or(ctx.Err(), full)
	}
	m.active.Add(1)
	return func() {
		m.active.Add(-1)
		m.calls.Release(1)
		m.present.Release(1)
	}, nil
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

// hold waits until there is room for n bytes; drop gives it back.
func (m *Memory) hold(ctx context.Context, n int64) error {
	return m.payload.Acquire(ctx, min(n, m.most))
}

func (m *Memory) drop(n int64) { m.payload.Release(min(n, m.most)) }
