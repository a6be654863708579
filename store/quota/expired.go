package quota

import (
	"context"
	"errors"
	"time"

	"github.com/tranship/tranship"
)

// retryExpired calls reserve. If that exceeds a limit and uploads have expired since the
// last check, it calls reserve a second time.
func (s *Store) retryExpired(ctx context.Context, reserve func() error) error {
	err := reserve()
	if errors.Is(err, tranship.ErrQuota) && s.forgetExpired(ctx) {
		err = reserve()
	}
	return err
}

// forgetExpired gives back the reservations of uploads that are not open and that the store
// no longer has. It reports whether it found any. It checks at most every expiryInterval.
func (s *Store) forgetExpired(ctx context.Context) bool {
	idle, due := s.ledger.idle(time.Now())
	if !due {
		return false
	}
	for info, err := range s.Store.ListUploads(ctx, "") {
		if err != nil {
			return false
		}
		delete(idle, info.ID)
	}
	for id, r := range idle {
		s.ledger.drop(id, r)
	}
	return len(idle) > 0
}
