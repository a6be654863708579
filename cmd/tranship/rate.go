package main

import (
	"fmt"
	"time"
)

// rate is how fast a number has grown of late. The zero value is ready to use.
type rate struct {
	// window is what it is averaged over; 0: 10 s.
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
	// The oldest that stays is the last one before the window.
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

// bytesText is a number of bytes in at most 9 columns.
func bytesText(n float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for i, unit := range units {
		if n < 1000 || i == len(units)-1 {
			if i == 0 {
				return fmt.Sprintf("%.0f B", n)
			}
			return fmt.Sprintf("%.1f %s", n, unit)
		}
		n /= 1024
	}
	return ""
}

func durationText(seconds float64) string {
	if seconds >= 100*3600 {
		return ">99h"
	}
	s := int(seconds + 0.5)
	if s >= 3600 {
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// percent is how much of a total is done, rounded down: 100 means all.
func percent(done, total int64) int {
	if total <= 0 || done >= total {
		return 100
	}
	return int(max(float64(done)/float64(total)*100, 0))
}
