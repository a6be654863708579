package native

import (
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/minrate"
)

// newSender returns what measures the client of the session's upload, for the slot that
// owns the upload. It is nil if there are no limits. The caller stops it.
func newSender(call *minrate.Call, s *session) *minrate.Sender {
	size, durable := int64(-1), int64(0)
	if s.spec.Size != nil {
		size = *s.spec.Size
	}
	for _, part := range s.upload.Durable() {
		durable += part.Length
	}
	return minrate.NewSender(call, &s.waiting, size, durable)
}

// slowness returns the error of a session whose client is too slow; nil if it is not. alive
// counts the signs of life of the client.
func (s *session) slowness(sender *minrate.Sender, alive int64) error {
	sender.Begin()
	slow := sender.Look(s.received.Load()+s.copied.Load(), alive)
	switch {
	case slow == nil:
		return nil
	case slow.Idle:
		return &tranship.LimitError{
			Limit:   tranship.LimitIdle,
			Allowed: slow.Bound.Milliseconds(),
			For:     s.spec.Path,
			Rule:    fmt.Sprintf("nothing came of %s for %v", s.spec.Path, slow.Bound),
			Err:     tranship.ErrUnavailable,
		}
	}
	return &tranship.LimitError{
		Limit:   tranship.LimitMinRate,
		Allowed: slow.Rate,
		For:     s.spec.Path,
		Rule:    fmt.Sprintf("less than %d bytes a second came of %s for %v: what can be resumed goes on from here", slow.Rate, s.spec.Path, slow.Bound),
		Err:     tranship.ErrUnavailable,
	}
}
