package telemetry

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// startMetrics makes the exporter of metrics, unless protocol is "".
func (t *Telemetry) startMetrics(ctx context.Context, protocol string) error {
	if protocol == "" {
		return nil
	}
	var exporter sdkmetric.Exporter
	var err error
	if protocol == protocolGRPC {
		exporter, err = otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithRetry(otlpmetricgrpc.RetryConfig(retries(t.options))))
	} else {
		exporter, err = otlpmetrichttp.New(ctx, otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig(retries(t.options))))
	}
	if err != nil {
		return err
	}
	t.metrics = &metricExporter{exporter, reporter{warn: t.options.Warn}}
	return nil
}

// HasMetrics reports whether metrics are exported.
func (t *Telemetry) HasMetrics() bool { return t != nil && t.metrics != nil }

// ExportMetrics exports what producer produces, once in each interval that the environment has,
// every minute by default, and at the end. It must be called once at most.
func (t *Telemetry) ExportMetrics(producer sdkmetric.Producer) {
	if !t.HasMetrics() {
		return
	}
	reader := sdkmetric.NewPeriodicReader(t.metrics, sdkmetric.WithProducer(producer))
	t.meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithResource(t.resource))
}

// metricExporter reports its failures itself: the SDK would write them to the standard error.
type metricExporter struct {
	sdkmetric.Exporter
	reporter reporter
}

// Export implements sdkmetric.Exporter.
func (e *metricExporter) Export(ctx context.Context, metrics *metricdata.ResourceMetrics) error {
	if err := e.Exporter.Export(ctx, metrics); err != nil {
		e.reporter.report(fmt.Errorf("exporting metrics: %w", err))
	}
	return nil
}
