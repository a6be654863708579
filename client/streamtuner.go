package client

import (
	"sync"
	"time"
)

const (
	// maxTunedStreams is the largest number of streams for one client's large files, and
	// maxConnections the largest number of connections that carry them.
	maxTunedStreams = 24
	maxConnections  = 4
	// firstStreams is the number of streams at the start, and the factor by which it
	// grows after each round trip.
	firstStreams = 4
	// firstRate is the rate, in bytes a second, for which the number of streams is chosen
	// before anything was measured. It assumes streamBytes under way in each stream,
	// because up to a fourth of a server's flow-control window may be free without the
	// client knowing yet.
	firstRate   = 150e6
	streamBytes = 3 << 18
	// minMeasureInterval is the shortest time over which the rate is measured.
	minMeasureInterval = 100 * time.Millisecond
	// worthwhile is the gain in rate that justifies twice as many streams.
	worthwhile = 1.25
	// fastStream is the least rate of a fast stream, in bytes a second: the largest
	// message then takes 32 ms.
	fastStream = 32 << 20
)

// streamTuner finds out how many streams large files need. Each stream has a flow-control
// window, and the connections that carry them a TCP window each.
//
// The number first grows to what the round trip suggests. It does so in steps, because a
// busy server answers as late as a distant one: the steps give it the time to announce
// that it is busy, in Begun.max_streams. After that the tuner doubles the streams as long
// as that makes the bytes move faster, and takes the last step back when it does not.
//
// A streamTuner is safe for concurrent use; the zero value is ready.
type streamTuner struct {
	mu sync.Mutex
	// roundTrip is the shortest so far; 0 before the first.
	roundTrip time.Duration
	// count is the number of streams to use, 0 before any bytes have moved; previous is
	// the count before the last step.
	count, previous int
	// finished means that the count is final.
	finished bool
	// bytes is how much has moved since started, which may be in the future.
	bytes   int64
	started time.Time
	// best is the rate before the last step.
	best float64
	// perStream is the rate of one stream at the last measurement.
	perStream float64
}

// noteRoundTrip records how long a reply took.
func (t *streamTuner) noteRoundTrip(roundTrip time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.roundTrip == 0 || roundTrip < t.roundTrip {
		t.roundTrip = max(roundTrip, 1)
	}
}

// streams returns the number of streams to use.
func (t *streamTuner) streams() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.streamsLocked()
}

// noteBytes records that n bytes have moved, at a time.
func (t *streamTuner) noteBytes(n int, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.finished {
		return
	}
	suggested := t.suggestedLocked()
	interval := max(minMeasureInterval, 2*t.roundTrip)
	if t.streamsLocked() < suggested {
		interval = t.roundTrip
	}
	passed := at.Sub(t.started)
	if passed > 2*interval { // a pause between files
		t.started, t.bytes, passed = at, 0, 0
	}
	if passed < 0 { // bytes from before the last step are still arriving
		return
	}
	t.bytes += int64(n)
	if passed < interval {
		return
	}
	if t.streamsLocked() < suggested {
		t.count, t.started, t.bytes = min(firstStreams*t.streamsLocked(), suggested), at, 0
		return
	}
	rate := float64(t.bytes) / passed.Seconds()
	t.perStream = rate / float64(t.streamsLocked())
	switch faster := rate > worthwhile*t.best; {
	case faster && t.streamsLocked() < maxTunedStreams:
		t.best = rate
		t.previous, t.count = t.streamsLocked(), min(2*t.streamsLocked(), maxTunedStreams)
		t.started, t.bytes = at.Add(2*t.roundTrip), 0 // the new streams take effect only then
	case faster:
		t.finished = true
	default:
		t.count, t.finished = max(t.previous, 1), true
	}
}

// isFast reports whether each stream is known to be fast. It is false until the tuner has
// finished: before that, a server may not have had the time to announce that it is busy.
func (t *streamTuner) isFast() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.finished && t.perStream >= fastStream
}

func (t *streamTuner) streamsLocked() int {
	if t.count > 0 {
		return t.count
	}
	return min(t.suggestedLocked(), firstStreams)
}

// suggestedLocked returns the number of streams that the round trip suggests.
func (t *streamTuner) suggestedLocked() int {
	return min(max(int(t.roundTrip.Seconds()*firstRate/streamBytes), 1), maxTunedStreams)
}
