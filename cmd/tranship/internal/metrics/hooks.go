package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tranship/tranship/store/hook"
)

// hooks collects what happened with each hook. The label hook has the names in the configuration.
type hooks struct {
	stats                     func() []hook.Stats
	questions, passed         *prometheus.Desc
	events, failures, waiting *prometheus.Desc
	age, damaged              *prometheus.Desc
}

func newHooks(stats func() []hook.Stats) *hooks {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, append([]string{"hook"}, labels...), nil)
	}
	return &hooks{
		stats:     stats,
		questions: desc("tranship_hook_questions_total", "Questions before commits, by their outcome.", "outcome"),
		passed:    desc("tranship_hook_passed_total", "Files that became visible although the hook did not answer."),
		events:    desc("tranship_hook_events_total", "Events that the hook has accepted, or rejected for ever.", "outcome"),
		failures:  desc("tranship_hook_delivery_failures_total", "Deliveries that failed and are tried again."),
		waiting:   desc("tranship_hook_outbox_records", "Records of events that wait in the outbox, as this server saw it last; at most 1000."),
		age:       desc("tranship_hook_outbox_oldest_seconds", "Age of the oldest record that waits in the outbox; 0 if there is none."),
		damaged:   desc("tranship_hook_outbox_damaged_total", "Records of the outbox that could not be read and were removed."),
	}
}

// Describe implements prometheus.Collector.
func (h *hooks) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{h.questions, h.passed, h.events, h.failures, h.waiting, h.age, h.damaged} {
		to <- desc
	}
}

// Collect implements prometheus.Collector.
func (h *hooks) Collect(to chan<- prometheus.Metric) {
	send := func(desc *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, kind, value, labels...)
	}
	for _, s := range h.stats() {
		count := func(desc *prometheus.Desc, n int64, labels ...string) {
			send(desc, prometheus.CounterValue, float64(n), append([]string{s.Name}, labels...)...)
		}
		count(h.questions, s.Agreed, "agreed")
		count(h.questions, s.Refused, "refused")
		count(h.questions, s.Unanswered, "unanswered")
		count(h.passed, s.Passed)
		count(h.events, s.Delivered, "delivered")
		count(h.events, s.Rejected, "rejected")
		count(h.failures, s.Failed)
		count(h.damaged, s.Damaged)
		send(h.waiting, prometheus.GaugeValue, float64(s.Waiting), s.Name)
		age := 0.0
		if !s.Oldest.IsZero() {
			age = max(time.Since(s.Oldest).Seconds(), 0)
		}
		send(h.age, prometheus.GaugeValue, age, s.Name)
	}
}
