package mem

import (
	"bytes"
	"context"
	"crypto/rand"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tranship/tranship"
)

var _ tranship.StateStore = (*Store)(nil)

// minStateSweep is how many values are kept before those that have expired are removed.
const minStateSweep = 100

// GetState implements tranship.StateStore.
func (s *Store) GetState(ctx context.Context, key string) (tranship.StateEntry, error) {
	if err := tranship.ValidateStateKey(key); err != nil {
		return tranship.StateEntry{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return tranship.StateEntry{}, err
	}
	entry, ok := s.stateLocked(key)
	if !ok {
		return tranship.StateEntry{}, tranship.StateNotFound(key)
	}
	return entry, nil
}

// stateLocked returns the value of a key, unless it has expired.
func (s *Store) stateLocked(key string) (tranship.StateEntry, bool) {
	entry, ok := s.state[key]
	if !ok || entry.Expired(time.Now()) {
		return tranship.StateEntry{}, false
	}
	entry.Value = bytes.Clone(entry.Value)
	return entry, true
}

// SwapState implements tranship.StateStore.
func (s *Store) SwapState(ctx context.Context, entry tranship.StateEntry) (version string, err error) {
	if err := entry.Validate(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.matchStateLocked(ctx, entry.Key, entry.Version); err != nil {
		return "", err
	}
	s.sweepStateLocked()
	if s.state == nil {
		s.state = make(map[string]tranship.StateEntry)
	}
	entry.Value = append([]byte{}, entry.Value...)
	entry.Expires = entry.Expires.Truncate(time.Millisecond)
	entry.Version = rand.Text()
	s.state[entry.Key] = entry
	return entry.Version, nil
}

// RemoveState implements tranship.StateStore.
func (s *Store) RemoveState(ctx context.Context, key, version string) error {
	if err := tranship.ValidateStateRemoval(key, version); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.matchStateLocked(ctx, key, version); err != nil {
		return err
	}
	delete(s.state, key)
	return nil
}

// matchStateLocked fails unless a key has a version; "" means that it has no value.
func (s *Store) matchStateLocked(ctx context.Context, key, version string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if has, _ := s.stateLocked(key); has.Version != version {
		return tranship.StateChanged(key)
	}
	return nil
}

// sweepStateLocked removes the values that have expired, if there may be many.
func (s *Store) sweepStateLocked() {
	if len(s.state) < max(minStateSweep, 2*s.stateSwept) {
		return
	}
	now := time.Now()
	maps.DeleteFunc(s.state, func(_ string, entry tranship.StateEntry) bool { return entry.Expired(now) })
	s.stateSwept = len(s.state)
}

// ListState implements tranship.StateStore. It lists the values that exist when it begins.
func (s *Store) ListState(ctx context.Context, prefix string) iter.Seq2[tranship.StateEntry, error] {
	return func(yield func(tranship.StateEntry, error) bool) {
		if err := tranship.ValidateStatePrefix(prefix); err != nil {
			yield(tranship.StateEntry{}, err)
			return
		}
		for _, entry := range s.stateBelow(prefix) {
			if ctx.Err() != nil {
				break
			}
			if !yield(entry, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(tranship.StateEntry{}, err)
		}
	}
}

// stateBelow returns the values whose keys begin with prefix, in the order of the keys.
func (s *Store) stateBelow(prefix string) []tranship.StateEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []tranship.StateEntry
	for key := range s.state {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		if entry, ok := s.stateLocked(key); ok {
			all = append(all, entry)
		}
	}
	slices.SortFunc(all, func(a, b tranship.StateEntry) int { return strings.Compare(a.Key, b.Key) })
	return all
}
