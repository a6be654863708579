package quota

import (
	"context"

	"github.com/tranship/tranship"
)

// Remove implements tranship.Editor.
func (s *Store) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	if s.keeper == nil || tranship.ValidatePath(path) != nil {
		return s.Store.Remove(ctx, path, precondition)
	}
	unlock, err := s.paths.Lock(ctx, path)
	if err != nil {
		return err
	}
	defer unlock()
	old, err := s.accountAt(ctx, path)
	if err != nil {
		return err
	}
	if err := s.Store.Remove(ctx, path, precondition); err != nil {
		s.recount(ctx, path, old)
		return err
	}
	s.ledger.replace(old, tranship.AccountEntry{})
	return nil
}

// Move implements tranship.Editor. The file continues to count for its account. New
// directories count for the caller.
func (s *Store) Move(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	if s.keeper == nil || source == destination || tranship.ValidatePath(source) != nil || tranship.ValidatePath(destination) != nil {
		return s.Store.Move(ctx, source, destination, precondition)
	}
	unlock, err := s.paths.Lock(ctx, source, destination)
	if err != nil {
		return tranship.File{}, err
	}
	defer unlock()
	moved, err := s.accountAt(ctx, source)
	if err != nil {
		return tranship.File{}, err
	}
	replaced, err := s.accountAt(ctx, destination)
	if err != nil {
		return tranship.File{}, err
	}
	file, err := s.Store.Move(tranship.NewAccountContext(ctx, caller(ctx)), source, destination, precondition)
	if err != nil {
		s.recount(ctx, source, moved)
		s.recount(ctx, destination, replaced)
		return tranship.File{}, err
	}
	s.ledger.replace(replaced, tranship.AccountEntry{})
	s.ledger.move(source, destination)
	s.ledger.moved(moved)
	return file, nil
}

// Copy implements tranship.Editor. The copy counts for the caller. Copy locks the source,
// so that it cannot outgrow the reservation.
func (s *Store) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	if tranship.ValidatePath(source) != nil || tranship.ValidatePath(destination) != nil {
		return s.Store.Copy(ctx, source, destination, precondition)
	}
	if s.keeper == nil {
		return s.copyUncounted(ctx, source, destination, precondition)
	}
	unlock, err := s.paths.Lock(ctx, source, destination)
	if err != nil {
		return tranship.File{}, err
	}
	defer unlock()
	copied, err := s.accountAt(ctx, source)
	if err != nil {
		return tranship.File{}, err
	}
	if err := s.admitSize(s.terms(ctx), destination, copied.Size); err != nil {
		return tranship.File{}, err
	}
	return s.createLocked(ctx, destination, copied.Size, func(ctx context.Context) (tranship.File, error) {
		return s.Store.Copy(ctx, source, destination, precondition)
	})
}

// copyUncounted copies a file where files do not count. It enforces FileBytes.
func (s *Store) copyUncounted(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	if s.ledger.limitsFor(s.terms(ctx)).FileBytes > 0 {
		file, err := s.Stat(ctx, source)
		if err != nil {
			return tranship.File{}, err
		}
		if err := s.admitSize(s.terms(ctx), destination, file.Size); err != nil {
			return tranship.File{}, err
		}
	}
	return s.Store.Copy(tranship.NewCallerContext(ctx, caller(ctx)), source, destination, precondition)
}
