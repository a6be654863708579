package server

import (
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"

	"github.com/tranship/tranship"
)

// DefaultMemoryLimit is that of a Memory made with 0, 512 MiB.
const DefaultMemoryLimit = 512 << 20

// MinMemoryLimit is the least limit of a Memory, 16 MiB.
const MinMemoryLimit = 16 << 20

// streamBytesHeld is what a call that streams is counted with: what its flow-control
// window lets in, and one message of the largest chunk.
const streamBytesHeld = streamWindow + 1<<20

// Memory bounds what clients can make a server hold in its memory. Three quarters of it
// are for the calls under way that stream, with 2 MiB each; a call for which there is
// no room fails with UNAVAILABLE, and clients try it again later. One quarter is for
// payload that waits to be stored: who needs some waits, first come, first served, and
// so do the clients that send it. Beside that a server needs some 30 MiB.
//
// It is safe for concurrent use; several services can share one.
type Memory struct {
	calls, payload *semaphore.Weighted
	// most is how many bytes one piece of payload may be counted with.
	most int64
}

// NewMemory returns a Memory of limit bytes; 0: DefaultMemoryLimit, and at least
// MinMemoryLimit.
func NewMemory(limit int64) *Memory {
	if limit == 0 {
		limit = DefaultMemoryLimit
	}
	limit = max(limit, MinMemoryLimit)
	return &Memory{
		calls:   semaphore.NewWeighted(limit / 4 * 3 / streamBytesHeld),
		payload: semaphore.NewWeighted(limit / 4),
		most:    limit / 4,
	}
}

// enter counts a call that streams; leave ends it.
func (m *Memory) enter() (leave func(), err error) {
	if !m.calls.TryAcquire(1) {
		return nil, fmt.Errorf("%w: there are as many transfers under way as the server's memory limit allows", tranship.ErrUnavailable)
	}
	return func() { m.calls.Release(1) }, nil
}

// hold waits until there is room for n bytes; drop gives it back.
func (m *Memory) hold(ctx context.Context, n int64) error {
	return m.payload.Acquire(ctx, min(n, m.most))
}

func (m *Memory) drop(n int64) { m.payload.Release(min(n, m.most)) }
