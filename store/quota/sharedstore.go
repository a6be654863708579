package quota

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tranship/tranship"
)

// share makes the store share its limits with other servers.
func (s *Store) share() error {
	state, ok := tranship.As[tranship.StateStore](s.Store)
	if !ok {
		return fmt.Errorf("%w: the store keeps no state of servers, so they cannot share a quota", tranship.ErrUnsupported)
	}
	s.shared = newShared(state, &s.ledger)
	s.ledger.shared = s.shared
	s.shared.background.Go(func() { s.recountRegularly(s.shared.ctx) })
	return nil
}

// closeTime is the timeout of Close.
const closeTime = 10 * time.Second

// Close reports to the other servers what this one has used, and gives back what it has leased.
// With Options.Saved it saves the sums. No other call must be under way. Without these options it
// does nothing.
func (s *Store) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	switch {
	case s.shared != nil:
		return s.shared.close(ctx)
	case s.saver != nil:
		return s.saver.close(ctx)
	}
	return nil
}

// shortError is the error for a reservation that does not fit into what this server has leased.
type shortError struct {
	error
	// ask is what the reservation needs.
	ask amount
	// path is that of the file.
	path string
}

func (e *shortError) Unwrap() error { return e.error }

// shortOf returns err, with what was asked for if the servers share the limits.
func (l *ledger) shortOf(r *reservation, bytes, files int64, err error) error {
	if l.shared == nil {
		return err
	}
	return &shortError{err, amount{bytes, files}, r.path}
}

// leases is how often a call leases more. What was leased may be used by another call first.
const leases = 5

// admit calls reserve. If that exceeds a limit, it leases more from the other servers, or gives
// back what uploads have reserved that have expired, and calls reserve again.
func (s *Store) admit(ctx context.Context, name string, reserve func() error) error {
	if s.saver != nil {
		if err := s.saver.await(ctx); err != nil {
			return err
		}
	}
	if s.shared == nil {
		return s.retryExpired(ctx, reserve)
	}
	for attempt := 0; ; attempt++ {
		err := reserve()
		short, ok := errors.AsType[*shortError](err)
		switch {
		case !ok:
			return err
		case attempt == leases:
			return short.error
		}
		err = s.shared.update(ctx, name, short.ask, nil)
		if isFull(err) && s.shared.prune(ctx, s.Store, name) {
			err = s.shared.update(ctx, name, short.ask, nil)
		}
		if err != nil {
			return s.refusal(name, short.path, err)
		}
	}
}

// refusal returns the error for a path that does not fit into an account, or err.
func (s *Store) refusal(name, path string, err error) error {
	full, ok := errors.AsType[*fullError](err)
	if !ok {
		return err
	}
	s.recountLater(name)
	return tooMuch(s.ledger.latestLimits(name), name, path, full.need, full.free)
}

// beginShared reserves the size of a resumable upload in the record of its account, which all
// servers share: the upload may be resumed at another one.
func (s *Store) beginShared(ctx context.Context, spec tranship.Spec, u *upload) (tranship.Upload, error) {
	name := caller(ctx)
	u.reservation = &reservation{account: name, terms: u.terms, path: spec.Path, resumable: true, inRecord: true, epoch: u.epoch, open: 1}
	s.ledger.keepTerms(u.reservation)
	old, err := s.accountAt(ctx, spec.Path)
	if err == nil {
		err = s.shared.reserve(ctx, u.reservation, u.ID(), *spec.Size, old)
	}
	if errors.Is(err, tranship.ErrQuota) && s.shared.prune(ctx, s.Store, name) {
		err = s.shared.reserve(ctx, u.reservation, u.ID(), *spec.Size, old)
	}
	switch {
	case err == nil:
		return u, nil
	case u.epoch > 1:
		_ = u.Upload.Detach(context.WithoutCancel(ctx)) // it can be resumed when there is room
	default:
		_ = u.Upload.Abort(context.WithoutCancel(ctx)) // or the store removes it when it expires
	}
	if errors.Is(err, tranship.ErrQuota) {
		s.recountLater(name)
	}
	return nil, err
}

// takeReservation makes what the record reserves for an upload a reservation of this server, so
// that its commit can count the file.
func (s *Store) takeReservation(ctx context.Context, u *upload, old tranship.AccountEntry) error {
	r := u.reservation
	bytes, files := needed(r.account, *u.size, old)
	ask := amount{bytes, files}.most(amount{})
	take := func() error {
		return s.shared.update(ctx, r.account, ask, func(of *record, _ amount) error {
			of.forget(u.ID())
			return nil
		})
	}
	err := take()
	if isFull(err) && s.shared.prune(ctx, s.Store, r.account) { // the file that was to be replaced is gone
		err = take()
	}
	if err != nil {
		return s.refusal(r.account, r.path, err)
	}
	return s.admit(ctx, r.account, func() error { return s.ledger.raise(r, ask.Bytes, ask.Files) })
}

// returnReservation puts the reservation of an upload whose commit has failed back into the
// record. If that fails, the upload reserves again when it is resumed or committed again.
func (s *Store) returnReservation(ctx context.Context, u *upload) {
	r := u.reservation
	s.ledger.mu.Lock()
	s.ledger.addLocked(r, -r.bytes, -r.files)
	s.ledger.forgetUnusedLocked(r.account)
	s.ledger.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recountTime)
	defer cancel()
	_ = s.shared.update(ctx, r.account, amount{}, func(of *record, free amount) error {
		if (amount{*u.size, 1}).fits(free) {
			of.Uploads[uploadKey(u.ID())] = *u.size
		}
		return nil
	})
}

// forgetShared gives back what the record reserves for an upload that the store does not have any
// more. Another server may go on with it.
func (s *Store) forgetShared(ctx context.Context, u *upload) {
	if s.shared == nil || !u.reservation.inRecord {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recountTime)
	defer cancel()
	if _, err := tranship.FindUpload(ctx, s.Store, u.ID()); isNotFound(err) {
		s.shared.drop(ctx, u.reservation.account, u.ID())
	}
}
