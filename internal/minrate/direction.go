package minrate

import "time"

// Direction counts for how long one direction of a call waits for its client. It is not
// safe for concurrent use.
type Direction struct {
	// since is when the wait began that has not ended; zero: nothing waits.
	since time.Time
	// began is since, unlike which Take does not change it.
	began  time.Time
	waited time.Duration
	moved  int64
	meter  Meter
}

// Begin begins to wait for the client.
func (d *Direction) Begin(at time.Time) { d.since, d.began = at, at }

// End is the end of the wait, after which n bytes have moved.
func (d *Direction) End(at time.Time, n int64) {
	d.waited += at.Sub(d.since)
	d.moved += n
	d.since = time.Time{}
}

// Add counts bytes that moved without a wait.
func (d *Direction) Add(n int64) { d.moved += n }

// Look is false when the client moved too few bytes, unless it owes none: then it only
// forgets what there was.
func (d *Direction) Look(at time.Time, limits Limits, owes bool) bool {
	if !d.since.IsZero() {
		d.waited += at.Sub(d.since)
		d.since = at
	}
	waited, moved := d.waited, d.moved
	d.waited, d.moved = 0, 0
	return limits.Rate <= 0 || limits.Window <= 0 || !owes || d.meter.Add(waited, moved, limits.Need(), limits.Window)
}

// Idle reports whether the direction waits, and has done nothing else since from, for as
// long as limits allow at most.
func (d *Direction) Idle(at, from time.Time, limits Limits) bool {
	if limits.Idle <= 0 || d.since.IsZero() {
		return false
	}
	if d.began.After(from) {
		from = d.began
	}
	return at.Sub(from) >= limits.Idle
}
