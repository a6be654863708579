package disk

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

var (
	_ tranship.StateStore = (*Store)(nil)
	_ tranship.StateStore = (*State)(nil)
)

// State is the StateStore of a directory without the files, for a program that runs beside the
// server. It does not lock the directory: any number of processes may have the State open, while
// one of them has the Store open. It is safe for concurrent use.
type State struct {
	values *values
	root   *rootfs.Dir
	state  *state
}

// OpenState opens the State of a directory, which must have been opened as a store before. The
// caller must call Close.
func OpenState(directory string) (*State, error) {
	system := realSystem()
	root, err := system.open(directory)
	if err != nil {
		return nil, fmt.Errorf("disk: %w", err)
	}
	state, err := openBeside(root)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("disk: %s: %w", directory, err), root.Close())
	}
	return &State{newValues(system, root, state.dir), root, state}, nil
}

// Close closes the State.
func (s *State) Close() error {
	return errors.Join(s.values.close(), s.state.close(), s.root.Close())
}

// GetState implements tranship.StateStore.
func (s *State) GetState(ctx context.Context, key string) (tranship.StateEntry, error) {
	if err := tranship.ValidateStateKey(key); err != nil {
		return tranship.StateEntry{}, err
	}
	return s.values.get(ctx, key)
}

// SwapState implements tranship.StateStore.
func (s *State) SwapState(ctx context.Context, entry tranship.StateEntry) (version string, err error) {
	if err := entry.Validate(); err != nil {
		return "", err
	}
	return s.values.swap(ctx, entry)
}

// RemoveState implements tranship.StateStore.
func (s *State) RemoveState(ctx context.Context, key, version string) error {
	if err := tranship.ValidateStateRemoval(key, version); err != nil {
		return err
	}
	return s.values.remove(ctx, key, version)
}

// ListState implements tranship.StateStore.
func (s *State) ListState(ctx context.Context, prefix string) iter.Seq2[tranship.StateEntry, error] {
	if err := tranship.ValidateStatePrefix(prefix); err != nil {
		return func(yield func(tranship.StateEntry, error) bool) { yield(tranship.StateEntry{}, err) }
	}
	return s.values.list(ctx, prefix)
}

// asState returns the State of a store, or why it has none at the moment.
func (s *Store) asState() (*State, error) {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return nil, errClosed()
	}
	return &State{values: s.values}, s.present()
}

// GetState implements tranship.StateStore.
func (s *Store) GetState(ctx context.Context, key string) (tranship.StateEntry, error) {
	state, err := s.asState()
	if err != nil {
		return tranship.StateEntry{}, err
	}
	return state.GetState(ctx, key)
}

// SwapState implements tranship.StateStore. Like every change it fails while the directory is
// not at its path.
func (s *Store) SwapState(ctx context.Context, entry tranship.StateEntry) (version string, err error) {
	state, err := s.asState()
	if err == nil {
		err = s.usable()
	}
	if err != nil {
		return "", err
	}
	return state.SwapState(ctx, entry)
}

// RemoveState implements tranship.StateStore.
func (s *Store) RemoveState(ctx context.Context, key, version string) error {
	state, err := s.asState()
	if err == nil {
		err = s.usable()
	}
	if err != nil {
		return err
	}
	return state.RemoveState(ctx, key, version)
}

// ListState implements tranship.StateStore.
func (s *Store) ListState(ctx context.Context, prefix string) iter.Seq2[tranship.StateEntry, error] {
	state, err := s.asState()
	if err != nil {
		return func(yield func(tranship.StateEntry, error) bool) { yield(tranship.StateEntry{}, err) }
	}
	return state.ListState(ctx, prefix)
}
