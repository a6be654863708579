package server

import (
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/quota"
)

// Dynamic is the part of a Config that Reconfigure can replace while the server serves.
type Dynamic struct {
	// Limits are Config.Limits. HandshakeTime, StreamsPerConnection and HeaderBytes are
	// settings of the transport, and must be those of the Config.
	Limits limit.Options
	// Quota is Config.Quota. A limit of bytes or files needs files that New has counted: see
	// quota.Options.Count. Principal, Count and Logger stay those of the Config.
	Quota quota.Options
}

// Reconfigure replaces limits and quotas while the server serves: all of them, or none if it
// returns an error, which is a *ConfigError. It ends no transfer. Limits of bandwidth hold at
// once, for transfers under way, too. All others hold for connections, calls and files that
// begin later: more of them than a lower limit allows may go on. It is safe for concurrent use.
func (s *Server) Reconfigure(dynamic Dynamic) error {
	s.reconfiguring.Lock()
	defer s.reconfiguring.Unlock()
	for _, field := range []struct {
		name    string
		changed bool
	}{
		{"HandshakeTime", dynamic.Limits.HandshakeTime != s.config.Limits.HandshakeTime},
		{"StreamsPerConnection", dynamic.Limits.StreamsPerConnection != s.config.Limits.StreamsPerConnection},
		{"HeaderBytes", dynamic.Limits.HeaderBytes != s.config.Limits.HeaderBytes},
	} {
		if field.changed {
			return &ConfigError{Field: "Limits." + field.name, Err: fmt.Errorf("%w: it cannot change while the server serves", tranship.ErrInvalid)}
		}
	}
	if err := s.quota.SetLimits(dynamic.Quota); err != nil {
		return &ConfigError{Field: "Quota", Err: err}
	}
	limits, _ := boundDescriptors(s.config.Descriptors, dynamic.Limits, s.config.Logger)
	s.door.SetLimits(limits)
	return nil
}
