package native

import (
	"context"
	"errors"

	"github.com/tranship/tranship/internal/recorded"
)

// Refusal is an action on a stream that failed before the service asked the store for it:
// for example an invalid path, a slot that must not join, or bytes beyond a limit.
type Refusal struct {
	// Action is "put", "begin", "join", "read" or "upload". The last one is for uploads
	// that have begun, and for messages that belong to no slot.
	Action string
	// Path, and Upload, the id of an upload, are as the client sent them; "" if it sent
	// none.
	Path, Upload string
	Err          error
}

// watch returns the context of an action on a stream, and a function that the caller must
// call with the outcome. The function tells Options.Refused of a failure of which the audit
// log of the store has no line.
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

// refused tells Options.Refused of a failure, unless the client ended the action itself.
func (s *Service) refused(ctx context.Context, refusal Refusal) {
	err := refusal.Err
	if s.Options.Refused == nil || err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return
	}
	s.Options.Refused(ctx, refusal)
}
