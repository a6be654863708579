package display

import "time"

// rate averages how fast a number grows over a recent window. The zero value is ready to
// use.
type rate struct {
	// window to average over; 0 means 10 s.
	window  time.Duration
	samples []sample
}

type sample struct {
	at time.Time
	n  int64
}

func (r *rate) add(at time.Time, n int64) {
	window := r.window
	if window <= 0 {
		window = 10 * time.Second
	}
	r.samples = append(r.samples, sample{at, n})
	// The oldest sample kept is the last one before the window.
	for len(r.samples) > 2 && at.Sub(r.samples[1].at) >= window {
		r.samples = r.samples[1:]
	}
}

func (r *rate) perSecond() float64 {
	if len(r.samples) < 2 {
		return 0
	}
	first, last := r.samples[0], r.samples[len(r.samples)-1]
	elapsed := last.at.Sub(first.at).Seconds()
	if elapsed <= 0 {
		return 0
	}
	return max(float64(last.n-first.n)/elapsed, 0)
}
