package quota

import "time"

// adopt registers the reservation of an upload that existed before. It ignores the limits.
func (l *ledger) adopt(id string, r *reservation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	bytes, files := max(r.bytes, 0), max(r.files, 0)
	r.bytes, r.files = 0, 0
	l.addLocked(r, bytes, files)
	l.usageLocked(r.account).Uploads += r.uploads
	l.reservations[id] = r
}

// resume returns the reservation of an upload and counts one more epoch that has it open.
// It returns nil if the upload has no reservation, or one of another account.
func (l *ledger) resume(id, name string, t terms, epoch uint64) *reservation {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.reservations[id]
	if r == nil || r.account != name {
		return nil
	}
	r.terms = t
	r.epoch = max(r.epoch, epoch)
	r.open++
	return r
}

// register makes r, which must be new, the reservation of an upload, and returns it. If a
// concurrent call has registered one for the same account, register releases r and returns
// that one.
func (l *ledger) register(id string, epoch uint64, r *reservation) *reservation {
	l.mu.Lock()
	defer l.mu.Unlock()
	if other := l.reservations[id]; other != nil && other.account == r.account {
		l.releaseLocked(r)
		r = other
	} else if other != nil {
		l.releaseLocked(other) // the upload has a new owner
	}
	l.reservations[id] = r
	r.epoch = max(r.epoch, epoch)
	r.open++
	return r
}

// closeUpload counts one epoch less that has an upload open. If ended, the upload has ended
// too, provided that epoch is its newest.
func (l *ledger) closeUpload(id string, r *reservation, epoch uint64, ended bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.open--
	if ended && r.epoch == epoch {
		l.dropLocked(id, r)
	}
}

// drop removes the reservation of an upload that is not open.
func (l *ledger) drop(id string, r *reservation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.open == 0 {
		l.dropLocked(id, r)
	}
}

// abort removes the reservation of the upload with an id, even if it is open.
func (l *ledger) abort(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.reservations[id]; r != nil {
		l.dropLocked(id, r)
	}
}

func (l *ledger) dropLocked(id string, r *reservation) {
	if l.reservations[id] == r {
		delete(l.reservations, id)
	}
	l.releaseLocked(r)
}

// expiryInterval is the minimum time between two checks for expired uploads.
const expiryInterval = 10 * time.Second

// idle returns the reservations of uploads that are not open. due reports whether it is time
// to check whether these uploads still exist.
func (l *ledger) idle(now time.Time) (idle map[string]*reservation, due bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.checked) < expiryInterval {
		return nil, false
	}
	l.checked = now
	idle = make(map[string]*reservation)
	for id, r := range l.reservations {
		if r.open == 0 {
			idle[id] = r
		}
	}
	return idle, true
}
