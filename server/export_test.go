package server

import (
	"context"
	"time"

	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/native"
	"github.com/tranship/tranship/server/internal/running"
)

// SetKeepalive lets tests see keepalives.
func (s *Server) SetKeepalive(interval time.Duration) { s.native.Options.Keepalive = interval }

// Refusal is what SetRefused is told of.
type Refusal = native.Refusal

// SetRefused lets tests see refused actions of streams.
func (s *Server) SetRefused(refused func(ctx context.Context, refusal Refusal)) {
	s.native.Options.Refused = refused
}

// Memory is what all calls share.
type Memory = admission.Memory

// Memory is that of all calls.
func (s *Server) Memory() *Memory { return s.door.Memory() }

// SetHealth sets the time between two checks of a server's health, and how long one may take.
func (s *Server) SetHealth(interval, timeout time.Duration) {
	s.health.interval, s.health.timeout = interval, timeout
}

// Running returns the transfers that run.
func (s *Server) Running() *running.Registry { return s.running }
