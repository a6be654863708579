// Package linkemu emulates a long link in the process: a proxy on the loopback interface
// forwards TCP connections to a server. Each direction has a delay, a bandwidth that all
// connections share, and a bounded queue before it. It is for tests and benchmarks on
// systems that cannot emulate a link themselves.
//
// It emulates the link, not TCP over it: both ends have a local TCP connection to the
// proxy, whose kernel acknowledges at once. It therefore shows what a delay costs the
// protocol above TCP: its round trips and its windows. Nothing is lost or reordered; a
// full queue blocks the sender.
package linkemu

import (
	"sync"
	"time"
)

// Link is one direction of a link. The zero value changes nothing.
type Link struct {
	// Delay is the time that a byte travels.
	Delay time.Duration
	// BytesPerSecond is the bandwidth; 0 means unlimited.
	BytesPerSecond int64
	// QueueBytes is the size of the queue before the link, for all connections together;
	// 0 means DefaultQueueBytes. Without BytesPerSecond the queue is always empty.
	QueueBytes int
}

// DefaultQueueBytes is the traffic of 8 ms at 1 Gbit/s.
const DefaultQueueBytes = 1 << 20

// segmentBytes is the size of the largest segment. At 1 Gbit/s it takes 0.5 ms, by which
// its first byte is late.
const segmentBytes = 64 << 10

// line is a Link in use. It computes with times, which are exact even if the goroutines
// that wait for them wake up late: a late one finds the queue not yet empty, so that the
// link was never idle.
type line struct {
	link Link

	mu sync.Mutex
	// idle is when all that has been sent so far will have left the queue.
	idle time.Time
}

func newLine(link Link) *line {
	if link.QueueBytes <= 0 {
		link.QueueBytes = DefaultQueueBytes
	}
	return &line{link: link}
}

// segment returns the size of the largest segment for this link.
func (l *line) segment() int { return min(segmentBytes, l.link.QueueBytes) }

// inFlight returns how much data a connection may have in flight: the capacity of the
// link and of its queue. A receiver that does not read blocks its sender after that.
func (l *line) inFlight() int {
	if l.link.BytesPerSecond <= 0 {
		return 16 << 20 // The bandwidth is unlimited, memory is not.
	}
	return int(l.link.Delay.Seconds()*float64(l.link.BytesPerSecond)) + l.link.QueueBytes + l.segment()
}

// send puts a segment into the queue, and returns when it will arrive at the other end.
// If the queue has no room, it returns how long to wait before trying again.
func (l *line) send(bytes int, now time.Time) (arrival time.Time, wait time.Duration) {
	if l.link.BytesPerSecond <= 0 {
		return now.Add(l.link.Delay), 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle.Before(now) {
		l.idle = now
	}
	room := l.takes(l.link.QueueBytes - bytes)
	if wait := l.idle.Sub(now) - room; wait > 0 {
		return time.Time{}, wait
	}
	l.idle = l.idle.Add(l.takes(bytes))
	return l.idle.Add(l.link.Delay), 0
}

// takes returns how long bytes need to leave the queue.
func (l *line) takes(bytes int) time.Duration {
	return time.Duration(float64(bytes) / float64(l.link.BytesPerSecond) * float64(time.Second))
}
