package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// calls count calls that have ended.
type calls struct {
	ended   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	methods map[string]struct{}
}

// succeeded is the value of the label kind of a call that has not failed.
const succeeded = "ok"

func newCalls() calls {
	return calls{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tranship_calls_total", Help: "Calls that have ended or were refused, by method and kind of error; ok for none.",
		}, []string{"method", "transport", "kind"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tranship_call_duration_seconds", Help: "How long calls took, successful or not.", Buckets: durations(),
		}, []string{"method"}),
		methods: knownMethods(),
	}
}

func (c calls) collectors() []prometheus.Collector { return []prometheus.Collector{c.ended, c.seconds} }

func (c calls) add(event *tranship.Event) {
	method, transport, kind := event.Method, event.Transport, succeeded
	if _, known := c.methods[method]; !known {
		method = other
	}
	if !slices.Contains(transports(), transport) {
		transport = tranship.TransportGRPC
	}
	if event.Err != nil {
		kind = failure.Word(event.Err)
	}
	c.ended.WithLabelValues(method, transport, kind).Inc()
	c.seconds.WithLabelValues(method).Observe(event.Duration.Seconds())
}
