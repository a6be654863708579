package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// durations are the buckets of times, in seconds: small files take milliseconds, and large ones
// hours.
func durations() []float64 {
	return []float64{.001, .005, .025, .1, .5, 2.5, 10, 60, 300, 1800, 7200}
}

// transfers count uploads and downloads that have ended.
type transfers struct {
	ended, files, bytes, failed *prometheus.CounterVec
	seconds                     *prometheus.HistogramVec
	// ways are the counters of every combination of labels, which are looked up once.
	ways map[way]wayCounters
}

// way is what the metrics of a transfer are labelled with.
type way struct{ direction, protocol, transport string }

type wayCounters struct {
	ended, files, bytes prometheus.Counter
	seconds             prometheus.Observer
}

func newTransfers() transfers {
	labels := []string{"direction", "protocol", "transport"}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	t := transfers{
		ended:  counter("tranship_transfers_total", "Uploads, and downloads of files and of ranges of files, that have ended, successful or not.", labels...),
		files:  counter("tranship_files_total", "Files that were stored, and downloads from the first byte of a file that have succeeded.", labels...),
		bytes:  counter("tranship_transfer_bytes_total", "Bytes of content that were moved, also by transfers that failed later.", labels...),
		failed: counter("tranship_transfer_errors_total", "Transfers that failed, by kind of error.", "direction", "protocol", "transport", "kind"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tranship_transfer_duration_seconds", Help: "How long transfers took, successful or not.", Buckets: durations(),
		}, labels),
		ways: map[way]wayCounters{},
	}
	for _, direction := range []string{tranship.EventUpload.String(), tranship.EventDownload.String()} {
		for _, protocol := range protocols() {
			for _, transport := range transports() {
				if !carries(transport, protocol) {
					continue
				}
				// An alert sees the first error only if the series was there before.
				for _, kind := range []string{failure.Internal, failure.Word(tranship.ErrIntegrity)} {
					t.failed.WithLabelValues(direction, protocol, transport, kind)
				}
				w := way{direction, protocol, transport}
				t.ways[w] = wayCounters{
					t.ended.WithLabelValues(direction, protocol, transport), t.files.WithLabelValues(direction, protocol, transport),
					t.bytes.WithLabelValues(direction, protocol, transport), t.seconds.WithLabelValues(direction, protocol, transport),
				}
			}
		}
	}
	return t
}

// carries reports whether calls of a protocol come over a transport: lanes carry the native protocol
// alone, and HTTP its own.
func carries(transport, protocol string) bool {
	if transport == tranship.TransportLanes {
		return protocol == nativeProtocol
	}
	return (transport == tranship.TransportHTTP) == (protocol == httpProtocol)
}

func (t transfers) collectors() []prometheus.Collector {
	return []prometheus.Collector{t.ended, t.files, t.bytes, t.failed, t.seconds}
}

// lastWay is what was found for the last transfer. Most transfers of a batch are of one call.
type lastWay struct {
	kind              tranship.EventKind
	method, transport string
	way               way
	counters          wayCounters
}

// find sets last to what event is labelled with. It returns false if event is not one of a server.
func (t transfers) find(event *tranship.Event, last *lastWay) bool {
	if event.Kind == last.kind && event.Method == last.method && event.Transport == last.transport {
		return true
	}
	w := way{event.Kind.String(), protocolOf(event.Method), event.Transport}
	counters, ok := t.ways[w]
	if ok {
		*last = lastWay{event.Kind, event.Method, event.Transport, w, counters}
	}
	return ok
}

func (t transfers) add(event *tranship.Event, last *lastWay) {
	if !t.find(event, last) {
		return
	}
	w, counters := last.way, last.counters
	counters.ended.Inc()
	counters.bytes.Add(float64(max(event.Bytes, 0)))
	counters.seconds.Observe(event.Duration.Seconds())
	switch {
	case event.Err != nil:
		t.failed.WithLabelValues(w.direction, w.protocol, w.transport, failure.Word(event.Err)).Inc()
	case event.Offset == 0:
		counters.files.Inc()
	}
}
