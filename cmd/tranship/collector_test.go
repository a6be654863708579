package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// collector is a collector of OpenTelemetry that keeps what it receives.
type collector struct {
	collectortrace.UnimplementedTraceServiceServer
	metrics collectorOfMetrics
	// hangs, unless it is nil, holds all exports until it is closed.
	hangs chan struct{}

	mu    sync.Mutex
	spans []*tracev1.Span
	// services are the names of the services, and headers the values of the header x-key.
	services, headers []string
}

// collectorOfMetrics has the names of the metrics that were received.
type collectorOfMetrics struct {
	collectormetrics.UnimplementedMetricsServiceServer
	collector *collector
	names     []string
}

// startCollector starts a collector, and makes the environment name it.
func startCollector(t *testing.T, hangs chan struct{}) *collector {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &collector{hangs: hangs}
	c.metrics.collector = c
	server := grpc.NewServer()
	collectortrace.RegisterTraceServiceServer(server, c)
	collectormetrics.RegisterMetricsServiceServer(server, &c.metrics)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		<-served
	})
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+listener.Addr().String())
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=secret")
	t.Setenv("OTEL_SERVICE_NAME", "files")
	return c
}

// hang waits until exports may go on.
func (c *collector) hang(ctx context.Context) error {
	if c.hangs == nil {
		return nil
	}
	select {
	case <-c.hangs:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Export implements the service of traces.
func (c *collector) Export(ctx context.Context, request *collectortrace.ExportTraceServiceRequest) (*collectortrace.ExportTraceServiceResponse, error) {
	if err := c.hang(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.headers = append(c.headers, metadata.ValueFromIncomingContext(ctx, "x-key")...)
	for _, resource := range request.GetResourceSpans() {
		c.services = append(c.services, attributeOf(resource.GetResource().GetAttributes(), "service.name"))
		for _, scope := range resource.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
	return &collectortrace.ExportTraceServiceResponse{}, nil
}

// Export implements the service of metrics.
func (m *collectorOfMetrics) Export(ctx context.Context, request *collectormetrics.ExportMetricsServiceRequest) (*collectormetrics.ExportMetricsServiceResponse, error) {
	if err := m.collector.hang(ctx); err != nil {
		return nil, err
	}
	m.collector.mu.Lock()
	defer m.collector.mu.Unlock()
	for _, resource := range request.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, metric := range scope.GetMetrics() {
				m.names = append(m.names, metric.GetName())
			}
		}
	}
	return &collectormetrics.ExportMetricsServiceResponse{}, nil
}

// attributeOf returns the value of an attribute as text; "" if there is none.
func attributeOf(attributes []*commonv1.KeyValue, key string) string {
	for _, attribute := range attributes {
		if attribute.GetKey() == key {
			if number, ok := attribute.GetValue().GetValue().(*commonv1.AnyValue_IntValue); ok {
				return fmt.Sprint(number.IntValue)
			}
			return attribute.GetValue().GetStringValue()
		}
	}
	return ""
}

// received returns the spans so far.
func (c *collector) received() traced {
	c.mu.Lock()
	defer c.mu.Unlock()
	return traced{spans: slices.Clone(c.spans)}
}

// traced are spans that were received.
type traced struct{ spans []*tracev1.Span }

// named returns the spans with a name and an attribute; any if key is "".
func (s traced) named(name, key, value string) (found []*tracev1.Span) {
	for _, span := range s.spans {
		if span.GetName() == name && (key == "" || attributeOf(span.GetAttributes(), key) == value) {
			found = append(found, span)
		}
	}
	return found
}

// way returns the names of a span and of those above it, such as "tranship cp/upload".
func (s traced) way(t *testing.T, span *tracev1.Span) string {
	t.Helper()
	names := []string{span.GetName()}
	for len(span.GetParentSpanId()) > 0 {
		i := slices.IndexFunc(s.spans, func(other *tracev1.Span) bool { return string(other.GetSpanId()) == string(span.GetParentSpanId()) })
		if i < 0 {
			t.Fatalf("the span above %q is missing", names)
		}
		span = s.spans[i]
		names = append(names, span.GetName())
	}
	slices.Reverse(names)
	return strings.Join(names, " > ")
}

// ways returns the different ways of all spans, and the ids of the traces.
func (s traced) ways(t *testing.T) (ways map[string]int, ids []string) {
	t.Helper()
	ways = map[string]int{}
	for _, span := range s.spans {
		ways[s.way(t, span)]++
		ids = append(ids, hex.EncodeToString(span.GetTraceId()))
	}
	slices.Sort(ids)
	return ways, slices.Compact(ids)
}

// sum returns the sum of an attribute of all spans with a way.
func (s traced) sum(t *testing.T, way, key string) (total int) {
	t.Helper()
	for _, span := range s.spans {
		n := 0
		if text := attributeOf(span.GetAttributes(), key); text != "" && s.way(t, span) == way {
			if _, err := fmt.Sscan(text, &n); err != nil {
				t.Fatal(err)
			}
		}
		total += n
	}
	return total
}
