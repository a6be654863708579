package server

import (
	"context"
	"errors"

	"github.com/tranship/tranship/store/quota"
)

// Stats is what a server has at one moment, for metrics. The counts of two fields may be of
// slightly different moments.
type Stats struct {
	// Connections is the number of connections of Serve, lanes included, and Lanes that of
	// lanes.
	Connections, Lanes int
	// Calls is the number of calls under way.
	Calls int
	// Streams is the number of calls that hold memory while they carry files, and MaxStreams
	// is how many such calls Config.MemoryLimit allows. Further calls wait.
	Streams, MaxStreams int64
	// Uploads is the number of uploads under way, without small files that are sent whole, and
	// UploadBytes is how many bytes the server has received for them.
	Uploads     int
	UploadBytes int64
	// Quota is what counts for all principals together.
	Quota quota.Totals
	// Draining says that the server takes no new files, because Shutdown was called or the
	// context of Serve has ended.
	Draining bool
}

// Stats returns what the server has at the moment. It takes time in proportion to the number of
// uploads under way and of principals that have files. It is safe for concurrent use.
func (s *Server) Stats() Stats {
	door := s.door.Stats()
	stats := Stats{
		Connections: door.Connections, Calls: door.Calls, Streams: door.Streams, MaxStreams: door.MaxStreams,
		Quota: s.quota.Totals(), Draining: door.Draining,
	}
	if serving := s.lanes.Load(); serving != nil {
		stats.Lanes = serving.Open()
	}
	stats.Uploads, stats.UploadBytes = s.native.Uploads()
	return stats
}

// PartHealth is the health of a part of a server.
type PartHealth struct {
	// Name is "store", "audit log", "authentication", or "server" for the parts of
	// Config.Health and for a server that drains.
	Name string
	// Err is why calls fail that need the part; nil if it is healthy. Its text may name files
	// of the server.
	Err error
}

// Health returns the health of all parts that can be checked, in a fixed order: see CheckHealth.
// The server drains, if it does, as the last part.
func (s *Server) Health(ctx context.Context) []PartHealth {
	ctx, cancel := context.WithTimeout(ctx, s.health.timeout)
	defer cancel()
	runs := make([]*healthRun, len(s.health.parts))
	for i, part := range s.health.parts {
		runs[i] = part.start(ctx)
	}
	parts := make([]PartHealth, len(runs), len(runs)+1)
	for i, part := range s.health.parts {
		parts[i] = PartHealth{part.name, part.wait(ctx, runs[i])}
	}
	return append(parts, PartHealth{serverPart, s.door.Refusing()})
}

// CheckHealth returns nil if calls can succeed at the moment, as far as the server can know,
// and otherwise why they fail: the store, the audit log, all authenticators, or a part of
// Config.Health fails its own check, or does not answer within 5 s, or the server drains. Serve
// calls it every 5 s, logs when the result changes, and reports it to clients of grpc.health.v1,
// for the whole server and for each service. A program that mounts the services calls it for the
// health checks of its own grpc.Server. It is safe for concurrent use: each part is checked once
// at a time.
func (s *Server) CheckHealth(ctx context.Context) error {
	var errs []error
	for _, part := range s.Health(ctx) {
		errs = append(errs, part.Err)
	}
	return errors.Join(errs...)
}
