package native

import (
	"sync"

	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// spareMessages are the messages of puts that were stored. It is safe for concurrent use, and the
// zero value is ready.
type spareMessages struct {
	mu       sync.Mutex
	messages []*payload.Message
}

// get returns a message of an UploadRequest.
func (s *spareMessages) get() *payload.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.messages) - 1
	if last < 0 {
		return wire.NewQuickUploadRequest(&transhipv1.UploadRequest{})
	}
	message := s.messages[last]
	s.messages = s.messages[:last]
	return message
}

// put takes the messages of puts, which nothing uses any more. A stream has at most streamWorkers
// puts, and so many messages.
func (s *spareMessages) put(puts []put) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range puts {
		s.messages = append(s.messages, p.data)
	}
}
