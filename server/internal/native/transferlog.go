package native

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/observation"
)

// letGo ends an upload whose owning slot failed with err: it detaches an upload that can
// be resumed, and aborts any other. It does so also when the client is gone.
func (s *Service) letGo(ctx context.Context, session *session, err error) {
	var panicked error // which is logged
	defer s.recovered(ctx, "end of an upload", &panicked)
	end := session.upload.Abort
	if session.keep && !errors.Is(err, errCancelled) {
		end = session.upload.Detach
	}
	if err := end(context.WithoutCancel(ctx)); err != nil {
		s.log.ErrorContext(ctx, "internal failure", "operation", "end of an upload", "error", err)
	}
}

// recovered turns a panic into the error of one file, err, and logs it. It must be deferred.
func (s *Service) recovered(ctx context.Context, operation string, err *error) {
	if reason := recover(); reason != nil {
		s.log.ErrorContext(ctx, "panic", "operation", operation, "reason", fmt.Sprint(reason), "stack", string(debug.Stack()))
		*err = fmt.Errorf("panic in %s", operation)
	}
}

// outcome is a transfer that has ended.
type outcome struct {
	direction, path string
	offset, bytes   int64
	start           time.Time
	err             error
}

// logTransfer writes the line of a transfer, and tells the observer. A range that does
// not begin with the first byte of a file is mostly one of many ranges of one download:
// its line is for debugging.
func (s *Service) logTransfer(ctx context.Context, o outcome) {
	kind := tranship.EventUpload
	if o.direction == "download" {
		kind = tranship.EventDownload
	}
	observation.FromContext(ctx).Transfer(kind, o.path, o.offset, o.bytes, o.start, o.err)
	level := slog.LevelInfo
	switch {
	case o.err != nil:
		level = slog.LevelWarn
	case o.offset > 0:
		level = slog.LevelDebug
	}
	if !s.log.Enabled(ctx, level) {
		return
	}
	attributes := []slog.Attr{
		slog.String("protocol", "tranship"),
		slog.String("direction", o.direction),
		slog.String("path", o.path),
		slog.Int64("offset", o.offset),
		slog.Int64("bytes", o.bytes),
		slog.Float64("seconds", time.Since(o.start).Seconds()),
	}
	if o.err != nil {
		s.log.LogAttrs(ctx, level, "transfer failed", append(attributes, slog.Any("error", o.err))...)
		return
	}
	s.log.LogAttrs(ctx, level, "transfer finished", attributes...)
}
