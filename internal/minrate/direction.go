package minrate

import "time"

// Direction measures how long one direction of a call waits for its client. It is not
// safe for concurrent use.
type Direction struct {
	// since is when the current wait began or was last measured; zero means that no wait
	// is in progress.
	since time.Time
	// began is when the current wait began.
	began  time.Time
	waited time.Duration
	moved  int64
	meter  Meter
}

// Begin records the begin of a wait for the client.
func (d *Direction) Begin(at time.Time) { d.since, d.began = at, at }

// End records the end of the wait, in which n bytes moved.
func (d *Direction) End(at time.Time, n int64) {
	d.waited += at.Sub(d.since)
	d.moved += n
	d.since = time.Time{}
}

// Add records n bytes that moved without a wait.
func (d *Direction) Add(n int64) { d.moved += n }

// Skip makes the time of a wait before at not count, because this process did not run.
func (d *Direction) Skip(at time.Time) {
	if !d.since.IsZero() {
		d.since, d.began = at, at
	}
}

// Look returns false if the client moved too few bytes since earlier calls. If the client
// owes no bytes, it only resets the measurement, and returns true.
func (d *Direction) Look(at time.Time, limits Limits, owes bool) bool {
	if !d.since.IsZero() {
		d.waited += at.Sub(d.since)
		d.since = at
	}
	waited, moved := d.waited, d.moved
	d.waited, d.moved = 0, 0
	return limits.Rate <= 0 || limits.Window <= 0 || !owes || d.meter.Add(waited, moved, limits.Need(), limits.Window)
}

// Idle reports whether the direction has been waiting for longer than the limits allow. A
// wait counts only after from.
func (d *Direction) Idle(at, from time.Time, limits Limits) bool {
	if limits.Idle <= 0 || d.since.IsZero() {
		return false
	}
	if d.began.After(from) {
		from = d.began
	}
	return at.Sub(from) >= limits.Idle
}
