package server

import (
	"context"
	"time"
)

// SetKeepalive lets tests see keepalives.
func (s *Server) SetKeepalive(interval time.Duration) { s.keepalive = interval }

// Idle reports whether nothing is counted: no call, and no payload.
func (m *Memory) Idle() bool {
	m.calls.mu.Lock()
	calls := m.calls.present.all
	m.calls.mu.Unlock()
	if m.active.Load() != 0 || calls != 0 {
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
	place, err := m.calls.enter(ctx, weight, false)
	if err != nil {
		return nil, err
	}
	m.active.Add(1)
	return func() {
		m.active.Add(-1)
		place.leave()
	}, nil
}
