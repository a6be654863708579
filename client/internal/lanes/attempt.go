package lanes

import (
	"context"
	"net/netip"
	"time"
)

// attempt is a lane that is being made.
type attempt struct {
	to netip.AddrPort
	// ended is closed when made and err are set.
	ended chan struct{}
	made  *Lane
	err   error

	// The following are guarded by the mu of Lanes. left means that no call waits for the lane,
	// which belongs to the pool then. late means that a call has lost its patience.
	left, late bool
}

// attempt begins to make a lane. left means that no call waits for it. It fails after Close.
func (l *Lanes) attempt(to netip.AddrPort, left bool) (*attempt, error) {
	a := &attempt{to: to, ended: make(chan struct{}), left: left}
	begun := l.pool.begin(func() {
		a.made, a.err = l.dial(to)
		l.end(a)
	})
	if !begun {
		return nil, errClosed
	}
	return a, nil
}

// end ends an attempt.
func (l *Lanes) end(a *attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a.left && a.err == nil {
		l.pool.put(a.made)
	}
	if a.late {
		l.late[a.to]--
	}
	if l.late[a.to] == 0 {
		delete(l.late, a.to)
	}
	close(a.ended)
}

// await waits for the end of an attempt: while ctx lasts, and no longer than a call waits for a lane.
// Then the attempt goes on, so that a later call finds the lane, or need not wait for the same
// failure. Until its end, other calls do not wait.
func (l *Lanes) await(ctx context.Context, a *attempt) error {
	var impatient <-chan time.Time
	if l.options.Patience > 0 && !l.options.Required {
		timer := time.NewTimer(l.options.Patience)
		defer timer.Stop()
		impatient = timer.C
	}
	var err error
	select {
	case <-a.ended:
		return nil
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-impatient:
		err = ErrSlow
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if isClosed(a.ended) {
		return nil
	}
	a.left = true
	if err == ErrSlow && !a.late { //nolint:errorlint // it is this one
		a.late = true
		l.late[a.to]++
	}
	return err
}

// isLate reports whether a call has lost its patience with a lane to an address that is still being
// made.
func (l *Lanes) isLate(to netip.AddrPort) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.late[to] > 0
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
