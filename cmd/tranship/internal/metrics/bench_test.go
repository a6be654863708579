package metrics_test

import (
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/metrics"
)

// BenchmarkObserve measures what a batch of small files costs.
func BenchmarkObserve(b *testing.B) {
	m := metrics.New("v1")
	events := make([]tranship.Event, tranship.MaxObserved)
	for i := range events {
		events[i] = tranship.Event{Kind: tranship.EventUpload, Method: upload, Transport: tranship.TransportLanes, Bytes: 4096, Duration: time.Millisecond}
	}
	for b.Loop() {
		m.Observe(events)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
}
