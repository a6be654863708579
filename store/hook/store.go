package hook

import (
	"context"
	"io"

	"github.com/tranship/tranship"
)

// Store returns a decorator of inner that asks and tells the hooks. It belongs around the quota and
// inside of the permissions: hooks are asked about what the caller may do. Without hooks Store
// returns inner.
//
// If a hook is asked before commits, the decorator is not a tranship.BatchPutter, so that a hook
// that is slow for one small file delays no other. Hooks with events alone keep batches, with one
// record for each batch.
func (h *Hooks) Store(inner tranship.Store) tranship.Store {
	if h == nil {
		return inner
	}
	s := &store{inner, h}
	if h.asks() {
		return s
	}
	return batching{s}
}

type store struct {
	tranship.Store
	hooks *Hooks
}

// batching is a store whose hooks are not asked before commits.
type batching struct{ *store }

// contents returns the content of a file that is not visible yet, from its beginning.
type contents func(ctx context.Context) (io.ReadCloser, error)

// tell locks the paths of an event, writes it to the outbox, makes the change, and settles the
// event. An event that no hook is told of costs nothing.
func (s *store) tell(ctx context.Context, event Event, make func() (tranship.File, error)) (tranship.File, error) {
	if !s.hooks.tells(event) {
		return make()
	}
	unlock, err := s.hooks.locks.Lock(ctx, event.paths()...)
	if err != nil {
		return tranship.File{}, err
	}
	defer unlock()
	return s.tellLocked(ctx, event, make)
}

// tellLocked is tell for a caller that has locked the paths of an event that a hook is told of.
func (s *store) tellLocked(ctx context.Context, event Event, make func() (tranship.File, error)) (tranship.File, error) {
	c, err := s.hooks.begin(ctx, event)
	if err != nil {
		return tranship.File{}, err
	}
	outcome := result{err: errLost} // if the store panics
	defer func() { c.settle(ctx, outcome) }()
	outcome.file, outcome.err = make()
	return outcome.file, outcome.err
}
