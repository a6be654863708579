package client

import (
	"context"
	"sync/atomic"
)

// endable is an upload or download stream.
type endable interface {
	ended() bool
	close(reason error)
}

// shared is a stream that many files share. A stream that has ended is replaced by a new
// one. It is safe for concurrent use.
type shared[S endable] struct {
	// current is nil before the first stream; opening is held while it is replaced.
	current atomic.Pointer[S]
	opening chan struct{}
	// closing is closed when the client is.
	closing <-chan struct{}
	open    func(context.Context) (S, error)
}

func newShared[S endable](closing <-chan struct{}, open func(context.Context) (S, error)) *shared[S] {
	return &shared[S]{opening: make(chan struct{}, 1), closing: closing, open: open}
}

// get returns the stream, and opens one if necessary. While one caller opens it, others
// wait, each no longer than its context.
func (s *shared[S]) get(ctx context.Context) (none S, err error) {
	if current := s.live(); current != nil {
		return *current, nil
	}
	select {
	case s.opening <- struct{}{}:
		defer func() { <-s.opening }()
	case <-ctx.Done():
		return none, ctx.Err()
	case <-s.closing:
		return none, errClosed
	}
	if current := s.live(); current != nil {
		return *current, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	opened := make(chan struct{})
	defer close(opened)
	go func() {
		select {
		case <-s.closing:
			cancel()
		case <-opened:
		}
	}()
	stream, err := s.open(ctx)
	if err != nil {
		if s.isClosed() {
			err = errClosed
		}
		return none, err
	}
	s.current.Store(&stream)
	if s.isClosed() { // close may have run before the Store
		stream.close(errClosed)
		return none, errClosed
	}
	return stream, nil
}

// live returns the current stream; nil if there is none or it has ended.
func (s *shared[S]) live() *S {
	current := s.current.Load()
	if current == nil || (*current).ended() {
		return nil
	}
	return current
}

func (s *shared[S]) isClosed() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

// close ends the current stream. The caller has closed closing before.
func (s *shared[S]) close() {
	if current := s.current.Load(); current != nil {
		(*current).close(errClosed)
	}
}
