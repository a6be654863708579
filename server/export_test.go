package server

import "time"

// SetKeepalive lets tests see keepalives.
func (s *Server) SetKeepalive(interval time.Duration) { s.keepalive = interval }
