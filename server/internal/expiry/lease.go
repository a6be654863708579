package expiry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tranship/tranship"
)

const (
	// leaseKey has the id of the server that makes a pass, and lastKey the time of the latest
	// whole pass, in the state of the store.
	leaseKey, lastKey = "expiry/lease", "expiry/last"
	// leaseFor is for how long a lease is valid, and renewAfter when it is renewed.
	leaseFor, renewAfter = 2 * time.Minute, 30 * time.Second
)

var (
	// errBusy is the error of a pass while another is under way.
	errBusy = fmt.Errorf("%w: another server, or another call, removes what is old at the moment: try again when that has ended", tranship.ErrUnavailable)
	// errLost is the error of a pass whose lease another server has taken.
	errLost = fmt.Errorf("%w: another server goes on to remove what is old", tranship.ErrUnavailable)
)

// lease is the right to make a pass.
type lease struct {
	expiry  *Expiry
	cancel  context.CancelCauseFunc
	version string
	renewed time.Time
}

// lease returns a lease that is not acquired yet, and the context of what it permits.
func (e *Expiry) lease(ctx context.Context) (context.Context, *lease) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &lease{expiry: e, cancel: cancel}
}

// acquire takes the lease. It fails with errBusy if another has it.
func (l *lease) acquire(ctx context.Context) error {
	state := l.expiry.State
	if state == nil {
		return nil
	}
	_, err := state.GetState(ctx, leaseKey)
	if err == nil {
		return errBusy
	}
	if !errors.Is(err, tranship.ErrNotFound) {
		return err
	}
	err = l.swap(ctx)
	if errors.Is(err, tranship.ErrPrecondition) {
		return errBusy
	}
	return err
}

// swap stores the lease in place of its version, for leaseFor.
func (l *lease) swap(ctx context.Context) error {
	now := l.expiry.Now()
	version, err := l.expiry.State.SwapState(ctx, tranship.StateEntry{
		Key: leaseKey, Value: []byte(l.expiry.server), Version: l.version, Expires: now.Add(leaseFor),
	})
	if err == nil {
		l.version, l.renewed = version, now
	}
	return err
}

// renew renews the lease when it is time. It fails if another server may have taken it.
func (l *lease) renew(ctx context.Context) error {
	if err := ctx.Err(); err != nil || l.expiry.State == nil || l.expiry.Now().Sub(l.renewed) < renewAfter {
		return err
	}
	err := l.swap(ctx)
	if errors.Is(err, tranship.ErrPrecondition) {
		err = errLost
	}
	return err
}

// releaseTime is how long the store may take to give a lease back. Otherwise it expires.
const releaseTime = 5 * time.Second

// release gives the lease back.
func (l *lease) release(ctx context.Context) {
	l.cancel(nil)
	if l.expiry.State == nil || l.version == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	if err := l.expiry.State.RemoveState(ctx, leaseKey, l.version); err != nil && !errors.Is(err, tranship.ErrPrecondition) {
		l.expiry.log.WarnContext(ctx, "the lease to remove what is old could not be given back: it expires", "timeout", leaseFor, "error", err)
	}
}

// due reports whether the latest whole pass was long enough ago.
func (e *Expiry) due(ctx context.Context) (bool, error) {
	if e.State == nil {
		return true, nil
	}
	entry, err := e.State.GetState(ctx, lastKey)
	if errors.Is(err, tranship.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	last, err := time.Parse(time.RFC3339, string(entry.Value))
	if err != nil {
		return true, nil //nolint:nilerr // a value without a time is as good as none
	}
	// A time in the future is that of a wrong clock.
	return e.Now().Sub(last) >= e.Interval || last.After(e.Now().Add(e.Interval)), nil
}

// passed records that a whole pass has ended.
func (e *Expiry) passed(ctx context.Context) error {
	if e.State == nil {
		return nil
	}
	entry, err := e.State.GetState(ctx, lastKey)
	if err != nil && !errors.Is(err, tranship.ErrNotFound) {
		return err
	}
	_, err = e.State.SwapState(ctx, tranship.StateEntry{
		Key: lastKey, Value: []byte(e.Now().UTC().Format(time.RFC3339)), Version: entry.Version,
	})
	if errors.Is(err, tranship.ErrPrecondition) {
		return nil // another server has recorded its own
	}
	return err
}
