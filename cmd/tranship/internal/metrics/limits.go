package metrics

import (
	"errors"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tranship/tranship"
)

// limits count how often limits have refused something.
type limits struct {
	reached *prometheus.CounterVec
	refused *prometheus.CounterVec
	names   *names
}

// The reasons for which a connection is refused.
const (
	refusedByLimit   = "limit"
	refusedHandshake = "handshake"
)

func newLimits() limits {
	l := limits{
		reached: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tranship_limits_reached_total", Help: "How often a limit has refused or ended a call, a transfer or a connection. A call and its transfer count both.",
		}, []string{"limit"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tranship_connections_refused_total", Help: "Connections that were refused or cut off, because of a limit or because the TLS handshake failed.",
		}, []string{"reason"}),
		names: &names{known: map[string]struct{}{}},
	}
	for _, reason := range []string{refusedByLimit, refusedHandshake} {
		l.refused.WithLabelValues(reason)
	}
	return l
}

func (l limits) collectors() []prometheus.Collector {
	return []prometheus.Collector{l.reached, l.refused}
}

func (l limits) addConnection(event *tranship.Event) {
	reason := refusedHandshake
	if _, ok := errors.AsType[*tranship.LimitError](event.Err); ok {
		reason = refusedByLimit
	}
	l.refused.WithLabelValues(reason).Inc()
}

func (l limits) add(err error) {
	if limit, ok := errors.AsType[*tranship.LimitError](err); ok {
		l.reached.WithLabelValues(l.names.bound(string(limit.Limit))).Inc()
	}
}

// maxNames bounds the values of a label whose values come from the store or the server. There are
// some 25 limits.
const maxNames = 64

// names bounds the values of a label: those that come when there are maxNames of them are other.
// It is safe for concurrent use.
type names struct {
	mu    sync.Mutex
	known map[string]struct{}
}

func (n *names) bound(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.known[name]; !ok {
		if len(n.known) == maxNames {
			return other
		}
		n.known[name] = struct{}{}
	}
	return name
}
