package quota

import (
	"context"
	"errors"
	mathrand "math/rand/v2"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
)

const (
	// countedKey has a value until the files have to be counted again.
	countedKey = "quota/counted"
	// recountStart is how long after its start a server looks at most whether the files have to be
	// counted again, and recountLook about how often it looks then. Servers do so at different
	// times.
	recountStart = time.Minute
	recountLook  = time.Hour
)

// recountRegularly counts all files again when no server has done so for recountEvery, or when
// servers have died that had leased a part of an account, until the context ends.
func (s *Store) recountRegularly(ctx context.Context) {
	for pause := mathrand.N(recountStart); budget.Sleep(ctx, pause) == nil; pause = recountLook/2 + mathrand.N(recountLook) { //nolint:gosec // guessing it gains nothing
		due, err := s.recountDue(ctx)
		if err == nil && due {
			err = s.Recount(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "counting the files of quotas again failed", "error", err)
		}
	}
}

// recountDue reports whether the files have to be counted again.
func (s *Store) recountDue(ctx context.Context) (bool, error) {
	_, err := s.shared.state.GetState(ctx, countedKey)
	if errors.Is(err, tranship.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	for entry, err := range s.shared.state.ListState(ctx, recordsPrefix) {
		if err != nil {
			return false, err
		}
		r, err := parseRecord(entry.Value)
		if err != nil {
			return false, err
		}
		if r.bury(time.Now(), s.shared.server); (r.Lost != amount{}) {
			return true, nil
		}
	}
	return false, nil
}

// counted notes that all files were counted.
func (s *Store) counted(ctx context.Context) error {
	state := s.shared.state
	known, err := state.GetState(ctx, countedKey)
	if err != nil && !errors.Is(err, tranship.ErrNotFound) {
		return err
	}
	_, err = state.SwapState(ctx, tranship.StateEntry{Key: countedKey, Version: known.Version, Expires: time.Now().Add(recountEvery)})
	if errors.Is(err, tranship.ErrPrecondition) {
		return nil // another server did
	}
	return err
}

// recountTurn is the turn of this server to count the files.
type recountTurn struct {
	state   tranship.StateStore
	id      string
	version string
	renewed time.Time
}

// renew keeps the turn, if it is older than a quarter of recountFor. It fails if another server has
// it.
func (t *recountTurn) renew(ctx context.Context) (err error) {
	now := time.Now()
	if now.Sub(t.renewed) < recountFor/4 {
		return nil
	}
	entry := tranship.StateEntry{Key: recountKey, Value: []byte(t.id), Version: t.version, Expires: now.Add(recountFor)}
	t.version, err = t.state.SwapState(ctx, entry)
	t.renewed = now
	return err
}
