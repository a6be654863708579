package server

import (
	"context"
	"time"

	"github.com/tranship/tranship/server/internal/native"
)

// SetKeepalive lets tests see keepalives.
func (s *Server) SetKeepalive(interval time.Duration) { s.native.Options.Keepalive = interval }

// Refusal is what SetRefused is told of.
type Refusal = native.Refusal

// SetRefused lets tests see refused actions of streams.
func (s *Server) SetRefused(refused func(ctx context.Context, refusal Refusal)) {
	s.native.Options.Refused = refused
}

// Memory is that of all calls.
func (s *Server) Memory() *Memory { return s.admission.memory }

// Idle reports whether nothing is counted: no call, and no payload.
func (m *Memory) Idle() bool {
	if m.active.Load() != 0 || m.calls.Present() != 0 {
		return false
	}
	if !m.payload.TryAcquire(m.most) {
		return false
	}
	m.payload.Release(m.most)
	return true
}

// enter counts a call that streams and has sent its first message.
func (m *Memory) enter(ctx context.Context, weight int64) (leave func(), err error) {
	place, err := m.calls.Enter(ctx, weight, false)
	if err != nil {
		return nil, err
	}
	m.active.Add(1)
	return func() {
		m.active.Add(-1)
		place.Leave()
	}, nil
}

// admissionTime is how long a call waits for others to end: package fair's.
const admissionTime = 10 * time.Second
