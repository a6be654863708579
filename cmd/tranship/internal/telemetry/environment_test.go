package telemetry

import "testing"

// TestProtocol checks what the variables of the environment mean.
func TestProtocol(t *testing.T) {
	const endpoint, traceEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	for _, test := range []struct {
		environment     map[string]string
		traces, metrics string
		fails           bool
	}{
		{},
		{environment: map[string]string{endpoint: "http://h:1"}, traces: protocolHTTP, metrics: protocolHTTP},
		{environment: map[string]string{traceEndpoint: "http://h:1"}, traces: protocolHTTP},
		{environment: map[string]string{endpoint: "http://h:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, traces: protocolGRPC, metrics: protocolGRPC},
		{environment: map[string]string{endpoint: "http://h:1", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "grpc"}, traces: protocolHTTP, metrics: protocolGRPC},
		{environment: map[string]string{endpoint: "http://h:1", "OTEL_METRICS_EXPORTER": "none"}, traces: protocolHTTP},
		{environment: map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, traces: protocolHTTP},
		{environment: map[string]string{"OTEL_TRACES_EXPORTER": "console"}, fails: true},
		{environment: map[string]string{endpoint: "http://h:1", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, metrics: protocolHTTP, fails: true},
	} {
		for _, name := range []string{
			endpoint, traceEndpoint, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER",
			"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
		} {
			t.Setenv(name, test.environment[name])
		}
		got, err := traces.protocol()
		if got != test.traces || (err != nil) != test.fails {
			t.Errorf("%v: traces by %q, %v; want %q", test.environment, got, err, test.traces)
		}
		if got, err = metrics.protocol(); got != test.metrics || err != nil {
			t.Errorf("%v: metrics by %q, %v; want %q", test.environment, got, err, test.metrics)
		}
	}
}
