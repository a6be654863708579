package minrate

import "time"

// Direction counts for how long one direction of a call waits for its client. It is not
// safe for concurrent use.
type Direction struct {
	// since is when the wait began that has not ended, or was looked at last; zero means
	// that nothing waits.
	since time.Time
	// began is when that wait began.
	began  time.Time
	waited time.Duration
	moved  int64
	meter  Meter
}

// Begin begins to wait for the client.
func (d *Direction) Begin(at time.Time) { d.since, d.began = at, at }

// End ends the wait, in which n bytes have moved.
func (d *Direction) End(at time.Time, n int64) {
	d.waited += at.Sub(d.since)
	d.moved += n
	d.since = time.Time{}
}

// Add counts n bytes that moved without a wait.
func (d *Direction) Add(n int64) { d.moved += n }

// Look returns false if the client moved too few bytes. For a client that owes none it
// only forgets what was counted, and returns true.
func (d *Direction) Look(at time.Time, limits Limits, owes bool) bool {
	if !d.since.IsZero() {
		d.waited += at.Sub(d.since)
		d.since = at
	}
	waited, moved := d.waited, d.moved
	d.waited, d.moved = 0, 0
	return limits.Rate <= 0 || limits.Window <= 0 || !owes || d.meter.Add(waited, moved, limits.Need(), limits.Window)
}

// Idle reports whether the direction has waited since from for longer than the limits
// allow.
func (d *Direction) Idle(at, from time.Time, limits Limits) bool {
	if limits.Idle <= 0 || d.since.IsZero() {
		return false
	}
	if d.began.After(from) {
		from = d.began
	}
	return at.Sub(from) >= limits.Idle
}
