// Package linkemu emulates a long link inside the process: a proxy on the loopback
// that passes TCP connections on to a server, with a delay, a bandwidth that all
// connections share, and a bounded queue before it, in each direction. It is for
// tests and benchmarks, where the system cannot do it.
//
// It emulates the link, not TCP over it: both ends speak TCP with the proxy, next
// door, whose kernel acknowledges at once. What is seen is what a delay costs the
// protocol above TCP: its round trips and its windows. Nothing is lost or reordered;
// a full queue holds the sender back.
package linkemu

import (
	"sync"
	"time"
)

// Link is one direction of a link. The zero value changes nothing.
type Link struct {
	// Delay is how long a byte travels.
	Delay time.Duration
	// BytesPerSecond is how much goes in at one end; 0: without limit.
	BytesPerSecond int64
	// QueueBytes is how much waits before the link, of all connections together;
	// 0: DefaultQueueBytes. Without BytesPerSecond nothing waits.
	QueueBytes int
}

// DefaultQueueBytes is 8 ms of 1 Gbit/s.
const DefaultQueueBytes = 1 << 20

// segmentBytes is the most that is passed on at once. At 1 Gbit/s it takes 0.5 ms,
// by which its first byte is late.
const segmentBytes = 64 << 10

// line is a Link at work. All of it is in times, which are exact however late the
// goroutines that keep to them are woken up: a late one finds the queue not yet
// empty, and the link was never idle.
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

// segment is how much may be sent at once.
func (l *line) segment() int { return min(segmentBytes, l.link.QueueBytes) }

// inFlight is how much a connection may have on the way: what the link holds, and
// its queue. A receiver that does not read stops its sender after that.
func (l *line) inFlight() int {
	if l.link.BytesPerSecond <= 0 {
		return 16 << 20 // There is no bandwidth to tell; memory has to end somewhere.
	}
	return int(l.link.Delay.Seconds()*float64(l.link.BytesPerSecond)) + l.link.QueueBytes + l.segment()
}

// send puts a segment into the queue, for which there must be room. It returns when
// the segment will have arrived at the other end; if there is no room, how long to
// wait before trying again.
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

// takes is how long bytes need to leave the queue.
func (l *line) takes(bytes int) time.Duration {
	return time.Duration(float64(bytes) / float64(l.link.BytesPerSecond) * float64(time.Second))
}
