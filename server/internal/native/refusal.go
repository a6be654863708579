package native

import (
	"context"
	"errors"

	"github.com/tranship/tranship/internal/recorded"
)

// Refusal is an action of a stream that failed without the store's own word for it, such
// as one with a path that is none, a slot that may not join, or bytes beyond a limit.
type Refusal struct {
	// Action is "put", "begin", "join", "read" or, for an upload that has begun and what
	// belongs to no slot, "upload".
	Action string
	// Path and Upload, an upload's id, are what the client sent; "" if it sent none.
	Path, Upload string
	Err          error
}

// watch returns the context of an action of a stream, and a function that is to be called
// when it has ended: it tells Options.Refused of a failure of which the store did not
// write a line.
func (s *Service) watch(ctx context.Context) (context.Context, func(refusal Refusal)) {
	if s.Options.Refused == nil {
		return ctx, func(Refusal) {}
	}
	ctx, mark := recorded.NewContext(ctx)
	return ctx, func(refusal Refusal) {
		if !mark.Failure() {
			s.refused(ctx, refusal)
		}
	}
}

// refused tells Options.Refused of a failure that is not the client's own end.
func (s *Service) refused(ctx context.Context, refusal Refusal) {
	err := refusal.Err
	if s.Options.Refused == nil || err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return
	}
	s.Options.Refused(ctx, refusal)
}
