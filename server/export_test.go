package server

import "time"

// SetKeepalive lets tests see keepalives.
func (s *Server) SetKeepalive(interval time.Duration) { s.keepalive = interval }

// Idle reports whether nothing is counted: no call, and no payload.
func (m *Memory) Idle() bool {
	if m.active.Load() != 0 || !m.calls.places.TryAcquire(m.capacity) {
		return false
	}
	m.calls.places.Release(m.capacity)
	if !m.payload.TryAcquire(m.most) {
		return false
	}
	m.payload.Release(m.most)
	return true
}
