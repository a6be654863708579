package native

import (
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/minrate"
)

// newSender watches over the client of the session's upload: it belongs to the slot that
// owns it. It is nil if there are no limits. The caller stops it.
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

// slowness is the error of a session whose client is too slow; nil if it is not.
func (s *session) slowness(sender *minrate.Sender) error {
	slow := sender.Look(s.received.Load() + s.copied.Load())
	switch {
	case slow == nil:
		return nil
	case slow.Idle:
		return fmt.Errorf("%w: nothing came of %s for %v (--idle-timeout)", tranship.ErrUnavailable, s.spec.Path, slow.Bound)
	}
	return fmt.Errorf("%w: less than %d bytes a second came of %s for %v (--min-rate): what can be resumed goes on from here", tranship.ErrUnavailable, slow.Rate, s.spec.Path, slow.Bound)
}
