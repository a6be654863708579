package server

import (
	"context"
	"log/slog"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/observation"
)

// callerLog is a handler that adds to each record of a call who makes it: the attributes
// "principal", which is "" for an anonymous caller, "link", if the caller has a sharing link of the
// principal, "peer" and "transport". A record that has a
// "peer" already keeps it. The records of everything else stay as they are.
type callerLog struct{ slog.Handler }

// Handle implements slog.Handler.
func (l callerLog) Handle(ctx context.Context, record slog.Record) error {
	address := access.PeerFromContext(ctx)
	if address == nil {
		return l.Handler.Handle(ctx, record)
	}
	named := false
	record.Attrs(func(attribute slog.Attr) bool {
		named = attribute.Key == "peer"
		return !named
	})
	record = record.Clone()
	record.AddAttrs(slog.String("principal", access.FromContext(ctx).Name))
	if link := access.FromContext(ctx).Link; link != nil {
		record.AddAttrs(slog.String("link", link.ID))
	}
	if !named {
		record.AddAttrs(slog.String("peer", address.String()))
	}
	if transport := observation.Transport(ctx); transport != "" {
		record.AddAttrs(slog.String("transport", transport))
	}
	return l.Handler.Handle(ctx, record)
}

// WithAttrs implements slog.Handler.
func (l callerLog) WithAttrs(attributes []slog.Attr) slog.Handler {
	return callerLog{l.Handler.WithAttrs(attributes)}
}

// WithGroup implements slog.Handler.
func (l callerLog) WithGroup(name string) slog.Handler { return callerLog{l.Handler.WithGroup(name)} }
