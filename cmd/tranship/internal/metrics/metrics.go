// Package metrics counts what a server does, for Prometheus. Metrics is the observer of a
// server.Server, and a Source what its gauges show. Every name begins with "tranship_", except
// those of the process and of Go, which are the usual ones.
//
// The number of series is bounded, whatever clients send: no label has a path, a principal, a peer
// or another text that a client has chosen.
package metrics

import (
	"log/slog"
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/tranship/tranship"
)

// Metrics are the metrics of one server. It is safe for concurrent use.
type Metrics struct {
	registry  *prometheus.Registry
	transfers transfers
	calls     calls
	limits    limits
	expiries  expiries
}

var _ tranship.Observer = (*Metrics)(nil)

// New returns metrics that count nothing yet. version is that of the software.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), transfers: newTransfers(), calls: newCalls(), limits: newLimits(), expiries: newExpiries()}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "tranship_build_info", Help: "Always 1. The labels have the version of the program and of Go.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(m.transfers.collectors()...)
	m.registry.MustRegister(m.calls.collectors()...)
	m.registry.MustRegister(m.limits.collectors()...)
	m.registry.MustRegister(m.expiries.collectors()...)
	return m
}

// Watch adds the gauges of a source. It must be called once at most, and before Handler is used.
func (m *Metrics) Watch(source Source) {
	m.registry.MustRegister(newGauges(source))
	if source.Hooks != nil {
		m.registry.MustRegister(newHooks(source.Hooks))
	}
}

// Observe implements tranship.Observer.
func (m *Metrics) Observe(events []tranship.Event) {
	var last lastWay
	for i := range events {
		event := &events[i]
		switch event.Kind {
		case tranship.EventUpload, tranship.EventDownload:
			m.transfers.add(event, &last)
		case tranship.EventCallEnded:
			m.calls.add(event)
		case tranship.EventConnectionRefused:
			m.limits.addConnection(event)
		case tranship.EventFileExpired, tranship.EventUploadExpired:
			m.expiries.add(event)
		}
		if event.Err != nil {
			m.limits.add(event.Err)
		}
	}
}

// Producer returns what collects the metrics for OpenTelemetry, under the same names.
func (m *Metrics) Producer() metric.Producer {
	return bridge.NewMetricProducer(bridge.WithGatherer(m.registry))
}

// maxScrapes is how many scrapes are answered at once. Others fail with status 503.
const maxScrapes = 4

// Handler returns the handler of scrapes. It logs to log what cannot be collected.
func (m *Metrics) Handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(log.Handler(), slog.LevelError),
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: maxScrapes,
	})
}
