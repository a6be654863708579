package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/codes"
)

// Command begins the span of a command, and returns a context with it. The caller must call end
// with the kind of the error of the command, "" if it has succeeded.
func (t *Telemetry) Command(ctx context.Context, name string) (spanned context.Context, end func(kind string)) {
	if !t.traces() {
		return ctx, func(string) {}
	}
	ctx, span := t.tracer.Start(ctx, name)
	return ctx, func(kind string) {
		if kind != "" {
			span.SetStatus(codes.Error, kind)
			span.SetAttributes(attrError.String(kind))
		}
		span.End()
	}
}
