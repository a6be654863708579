package authn

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// guardedStream is a stream that ends when its credentials are no longer good.
type guardedStream struct {
	grpc.ServerStream
	ctx    context.Context
	cancel context.CancelFunc
	// refused is the status that the stream ends with; nil while it goes on.
	refused atomic.Pointer[error]
}

// Context implements grpc.ServerStream.
func (s *guardedStream) Context() context.Context { return s.ctx }

// RecvMsg implements grpc.ServerStream. What arrives too late is not handed on.
func (s *guardedStream) RecvMsg(message any) error {
	if err := s.ServerStream.RecvMsg(message); err != nil {
		return err
	}
	err := s.refusal()
	if received, ok := message.(interface{ Free() }); ok && err != nil {
		received.Free()
	}
	return err
}

// SendMsg implements grpc.ServerStream.
func (s *guardedStream) SendMsg(message any) error {
	if err := s.refusal(); err != nil {
		return err
	}
	return s.ServerStream.SendMsg(message)
}

// end ends the stream with a status.
func (s *guardedStream) end(err error) {
	s.refused.Store(&err)
	s.cancel()
}

func (s *guardedStream) refusal() error {
	if err := s.refused.Load(); err != nil {
		return *err
	}
	return nil
}

// leastWait is how long credentials are at least left alone, also when they expire.
const leastWait = 100 * time.Millisecond

// watch looks at the credentials of a stream, again and again, until it ends.
func (i *Interceptor) watch(s *guardedStream, method string, brought []Credentials, first Identity) {
	for current := first; ; {
		wait := i.recheck
		if !current.Expires.IsZero() {
			wait = max(min(wait, current.Expires.Sub(i.now())), leastWait)
		}
		select {
		case <-s.ctx.Done():
			return
		case <-i.after(wait):
		}
		next, err := i.identify(s.ctx, brought)
		if err == nil && !equal(next.Principal, first.Principal) {
			err = errChanged
		}
		if s.ctx.Err() != nil {
			return
		}
		if err != nil {
			s.end(i.refuse(s.ctx, method, err))
			return
		}
		current = next
	}
}

// errChanged makes clients come again, as who they are now.
var errChanged = fmt.Errorf("%w: whom these credentials are of has changed meanwhile", tranship.ErrUnavailable)

func equal(a, b access.Principal) bool {
	return a.Name == b.Name && a.Source == b.Source && slices.Equal(a.Groups, b.Groups)
}
