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

// logTransfers writes the lines of transfers of one direction that have ended together, and tells
// the observer. direction is "upload" or "download".
//
// A transfer alone has a line at level Info. A range that does not begin with the first byte of a
// file is mostly one of many ranges of one download: its line is for debugging. Several transfers
// are a batch of small files: they have one line at level Info together, and each has one for
// debugging. A transfer that failed has a line of its own in any case.
func (s *Service) logTransfers(ctx context.Context, direction string, ended ...observation.Transfer) {
	kind := tranship.EventUpload
	if direction == "download" {
		kind = tranship.EventDownload
	}
	observation.FromContext(ctx).Transfers(kind, ended...)
	if len(ended) > 1 {
		s.logBatch(ctx, direction, ended)
	}
	for _, t := range ended {
		level := slog.LevelInfo
		switch {
		case t.Err != nil:
			level = slog.LevelWarn
		case t.Offset > 0 || len(ended) > 1:
			level = slog.LevelDebug
		}
		s.logTransfer(ctx, level, direction, t)
	}
}

// logTransfer writes the line of one transfer.
func (s *Service) logTransfer(ctx context.Context, level slog.Level, direction string, t observation.Transfer) {
	if !s.log.Enabled(ctx, level) {
		return
	}
	attributes := []slog.Attr{
		slog.String("protocol", protocol),
		slog.String("direction", direction),
		slog.String("path", t.Path),
		slog.Int64("offset", t.Offset),
		slog.Int64("bytes", t.Bytes),
		slog.Float64("seconds", time.Since(t.Start).Seconds()),
	}
	if t.Err != nil {
		s.log.LogAttrs(ctx, level, "transfer failed", append(attributes, slog.Any("error", t.Err))...)
		return
	}
	s.log.LogAttrs(ctx, level, "transfer finished", attributes...)
}

// logBatch writes the line of transfers that have ended together, without those that failed. It
// names the first path.
func (s *Service) logBatch(ctx context.Context, direction string, ended []observation.Transfer) {
	if !s.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	files, bytes, first := 0, int64(0), observation.Transfer{}
	for _, t := range ended {
		if t.Err != nil {
			continue
		}
		if files == 0 {
			first = t
		}
		files, bytes = files+1, bytes+t.Bytes
	}
	if files == 0 {
		return
	}
	s.log.LogAttrs(ctx, slog.LevelInfo, "transfers finished",
		slog.String("protocol", protocol),
		slog.String("direction", direction),
		slog.String("path", first.Path),
		slog.Int("files", files),
		slog.Int64("bytes", bytes),
		slog.Float64("seconds", time.Since(first.Start).Seconds()))
}

// protocol names the service in logs.
const protocol = "tranship"
