package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// expiries count the files and uploads that rules have removed.
type expiries struct {
	ended *prometheus.CounterVec
	bytes *prometheus.CounterVec
}

// What a rule removes.
const (
	expiredFile   = "file"
	expiredUpload = "upload"
)

func newExpiries() expiries {
	e := expiries{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tranship_expired_total", Help: "Files and unfinished uploads that were removed because a rule said that they were too old, or could not be. The kind is ok without an error.",
		}, []string{"what", "kind"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tranship_expired_bytes_total", Help: "Sizes of the files, and of the files of unfinished uploads, that were removed so.",
		}, []string{"what"}),
	}
	for _, what := range []string{expiredFile, expiredUpload} {
		e.ended.WithLabelValues(what, succeeded)
		e.bytes.WithLabelValues(what)
	}
	return e
}

func (e expiries) collectors() []prometheus.Collector {
	return []prometheus.Collector{e.ended, e.bytes}
}

func (e expiries) add(event *tranship.Event) {
	what := expiredFile
	if event.Kind == tranship.EventUploadExpired {
		what = expiredUpload
	}
	if event.Err != nil {
		e.ended.WithLabelValues(what, failure.Word(event.Err)).Inc()
		return
	}
	e.ended.WithLabelValues(what, succeeded).Inc()
	e.bytes.WithLabelValues(what).Add(float64(event.Bytes))
}
