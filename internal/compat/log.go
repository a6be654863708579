package compat

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/observation"
)

// Direction is the direction of a transfer, as the client sees it.
type Direction string

// The two directions.
const (
	Upload   Direction = "upload"
	Download Direction = "download"
)

// Log writes one log line for each transfer that ends.
type Log struct {
	// Logger receives the lines; nil writes none.
	Logger *slog.Logger
	// Protocol is the name of the service.
	Protocol string
}

// Transfer writes the line for one file.
func (l Log) Transfer(ctx context.Context, direction Direction, path string, bytes int64, start time.Time, err error) {
	kind := tranship.EventUpload
	if direction == Download {
		kind = tranship.EventDownload
	}
	observation.FromContext(ctx).Transfers(kind, observation.Transfer{Path: path, Bytes: bytes, Start: start, Err: err})
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

// reason returns the message of err, without gRPC's prefix if it is a status.
func reason(err error) string {
	if s, ok := status.FromError(err); ok {
		return s.Message()
	}
	return err.Error()
}
