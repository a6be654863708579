package compat

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/observation"
)

// Direction is which way a file went, seen from the client.
type Direction string

// The two directions.
const (
	Upload   Direction = "upload"
	Download Direction = "download"
)

// Log writes one line about transfers that have ended.
type Log struct {
	// Logger may be nil: no lines.
	Logger *slog.Logger
	// Protocol is the service's name.
	Protocol string
}

// Transfer writes the line of one file.
func (l Log) Transfer(ctx context.Context, direction Direction, path string, bytes int64, start time.Time, err error) {
	kind := tranship.EventUpload
	if direction == Download {
		kind = tranship.EventDownload
	}
	observation.FromContext(ctx).Transfer(kind, path, 0, bytes, start, err)
	if l.Logger == nil {
		return
	}
	level, message, attributes := slog.LevelInfo, "transfer finished", []slog.Attr{
		slog.String("protocol", l.Protocol),
		slog.String("direction", string(direction)),
		slog.String("path", clip(path)),
		slog.Int64("bytes", bytes),
		slog.Float64("seconds", time.Since(start).Seconds()),
	}
	if err != nil {
		level, message = slog.LevelWarn, "transfer failed"
		attributes = append(attributes, slog.String("error", reason(err)))
	}
	l.Logger.LogAttrs(ctx, level, message, attributes...)
}

// reason is the message of err, without gRPC's frame if it is a status.
func reason(err error) string {
	if s, ok := status.FromError(err); ok {
		return s.Message()
	}
	return err.Error()
}
