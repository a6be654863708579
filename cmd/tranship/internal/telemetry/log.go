package telemetry

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// Logger returns a logger that adds the attribute "trace_id" to each record of a sampled trace.
func (t *Telemetry) Logger(logger *slog.Logger) *slog.Logger {
	if !t.traces() {
		return logger
	}
	return slog.New(traceLog{logger.Handler()})
}

// traceLog is a handler that adds the id of the trace to records.
type traceLog struct{ slog.Handler }

// Handle implements slog.Handler.
func (l traceLog) Handle(ctx context.Context, record slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsSampled() {
		record = record.Clone()
		record.AddAttrs(slog.String("trace_id", span.TraceID().String()))
	}
	return l.Handler.Handle(ctx, record)
}

// WithAttrs implements slog.Handler.
func (l traceLog) WithAttrs(attributes []slog.Attr) slog.Handler {
	return traceLog{l.Handler.WithAttrs(attributes)}
}

// WithGroup implements slog.Handler.
func (l traceLog) WithGroup(name string) slog.Handler { return traceLog{l.Handler.WithGroup(name)} }
