package telemetry

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// newSpanExporter returns the exporter of spans for a protocol. The environment has its address,
// headers, certificates and time limits. It connects when it first exports.
func newSpanExporter(ctx context.Context, protocol string, options Options) (sdktrace.SpanExporter, error) {
	var client otlptrace.Client
	if protocol == protocolGRPC {
		client = otlptracegrpc.NewClient(otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig(retries(options))))
	} else {
		client = otlptracehttp.NewClient(otlptracehttp.WithRetry(otlptracehttp.RetryConfig(retries(options))))
	}
	exporter, err := otlptrace.New(ctx, client)
	if err != nil {
		return nil, err
	}
	return &spanExporter{exporter, reporter{warn: options.Warn}}, nil
}

// retry has the fields of the settings of all exporters.
type retry struct {
	Enabled         bool
	InitialInterval time.Duration
	MaxInterval     time.Duration
	MaxElapsedTime  time.Duration
}

// retries returns the settings for repeating exports: those that the exporters have by default.
func retries(options Options) retry {
	return retry{Enabled: options.Retry, InitialInterval: 5 * time.Second, MaxInterval: 30 * time.Second, MaxElapsedTime: time.Minute}
}

// spanExporter reports its failures itself: the SDK would write them to the standard error.
type spanExporter struct {
	sdktrace.SpanExporter
	reporter reporter
}

// ExportSpans implements sdktrace.SpanExporter.
func (e *spanExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.reporter.report(fmt.Errorf("exporting %d spans: %w", len(spans), err))
	}
	return nil
}

// reportInterval is the least time between two reports of failed exports.
const reportInterval = time.Minute

// reporter tells of failures, at most once in each reportInterval.
type reporter struct {
	warn func(error)

	mu   sync.Mutex
	last time.Time
}

func (r *reporter) report(err error) {
	r.mu.Lock()
	now := time.Now()
	soon := !r.last.IsZero() && now.Sub(r.last) < reportInterval
	if !soon {
		r.last = now
	}
	r.mu.Unlock()
	if !soon {
		r.warn(err)
	}
}
