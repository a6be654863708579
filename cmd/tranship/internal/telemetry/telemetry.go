// Package telemetry exports traces and metrics by OTLP, the protocol of OpenTelemetry. Only the
// standard environment variables configure it, and without them it does nothing: Start then
// returns nil, and all methods of a nil *Telemetry do nothing.
//
// A command has one span, and each file that it moves has one below it; a batch of small files
// has one together. The client sends the context of the trace with its calls. The server makes a
// span for each call, below it one for each file or batch, and below that one for each request
// to the S3 engine.
//
// Whether a trace is sampled is decided when its first span begins. Nothing more is done for one
// that is not.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// serviceName is the name of the service unless the environment has another.
const serviceName = "tranship"

// Options are the options of Start.
type Options struct {
	// Version is that of the software.
	Version string
	// Metrics means that Telemetry exports metrics, beside traces.
	Metrics bool
	// Retry repeats what the collector did not take, for about a minute.
	Retry bool
	// Wait is how long Close waits for the collector at most.
	Wait time.Duration
	// Warn is told what cannot be exported, and why. It may be called from any goroutine.
	Warn func(error)
}

// Telemetry exports traces and metrics. It is safe for concurrent use.
type Telemetry struct {
	options  Options
	resource *resource.Resource
	// provider and tracer are nil if traces are off.
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	// metrics is nil if metrics are off, and meters until ExportMetrics.
	metrics sdkmetric.Exporter
	meters  *sdkmetric.MeterProvider
}

// Start returns what the environment asks for; nil if that is nothing. It connects in the
// background. A mistake in the environment is told to options.Warn, and turns off what it is about:
// a program must not fail because of its telemetry.
func Start(ctx context.Context, options Options) *Telemetry {
	if isDisabled() {
		return nil
	}
	protocols := map[signal]string{}
	for _, s := range []signal{traces, metrics} {
		if s == metrics && !options.Metrics {
			continue
		}
		protocol, err := s.protocol()
		if err != nil {
			options.Warn(fmt.Errorf("telemetry is off: %w", err))
		}
		if protocol != "" {
			protocols[s] = protocol
		}
	}
	if len(protocols) == 0 {
		return nil
	}
	t := &Telemetry{options: options}
	var err error
	t.resource, err = resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", serviceName), attribute.String("service.version", options.Version)),
		resource.WithHost(), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		options.Warn(fmt.Errorf("some attributes of the telemetry are missing: %w", err))
	}
	if err := t.startTraces(ctx, protocols[traces]); err != nil {
		options.Warn(fmt.Errorf("traces are off: %w", err))
	}
	if err := t.startMetrics(ctx, protocols[metrics]); err != nil {
		options.Warn(fmt.Errorf("metrics by OTLP are off: %w", err))
	}
	return t
}

// startTraces makes the provider of spans, unless protocol is "". The environment chooses the
// sampler.
func (t *Telemetry) startTraces(ctx context.Context, protocol string) error {
	if protocol == "" {
		return nil
	}
	exporter, err := newSpanExporter(ctx, protocol, t.options)
	if err != nil {
		return err
	}
	t.provider = sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(t.resource))
	t.tracer = t.provider.Tracer("github.com/tranship/tranship", trace.WithInstrumentationVersion(t.options.Version))
	return nil
}

// traces reports whether there are traces.
func (t *Telemetry) traces() bool { return t != nil && t.tracer != nil }

// Close exports what has not been exported, for at most Options.Wait, and ends the exports. It
// tells Options.Warn of a failure.
func (t *Telemetry) Close(ctx context.Context) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.options.Wait)
	defer cancel()
	ended := make(chan error, 2)
	shutdowns := 0
	shutdown := func(end func(context.Context) error) {
		shutdowns++
		go func() { ended <- end(ctx) }()
	}
	if t.provider != nil {
		shutdown(t.provider.Shutdown)
	}
	switch {
	case t.meters != nil:
		shutdown(t.meters.Shutdown)
	case t.metrics != nil:
		shutdown(t.metrics.Shutdown)
	}
	var errs []error
	for range shutdowns {
		select {
		case err := <-ended:
			errs = append(errs, err)
		case <-ctx.Done(): // what ends later ends with the process
			errs = append(errs, fmt.Errorf("the collector did not answer within %v", t.options.Wait))
		}
	}
	if err := errors.Join(errs...); err != nil {
		t.options.Warn(fmt.Errorf("exporting telemetry: %w", err))
	}
}
