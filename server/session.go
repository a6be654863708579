package server

import (
	"fmt"
	"sync"

	"github.com/tranship/tranship"
)

// session is an upload under way and what its slots, of any stream, share.
type session struct {
	upload tranship.Upload
	spec   tranship.Spec
	epoch  uint64

	mu  sync.Mutex
	end int64
}

// wrote notes that bytes up to end have been written.
func (s *session) wrote(end int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end = max(s.end, end)
}

// written is the end of what has been written by any slot.
func (s *session) written() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end
}

// sessions are a server's uploads under way, by id. The zero value is empty.
type sessions struct {
	mu   sync.Mutex
	byID map[string]*session
}

func (s *sessions) add(added *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = map[string]*session{}
	}
	s.byID[added.upload.ID()] = added
}

func (s *sessions) remove(removed *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, removed.upload.ID())
}

// join finds the session of an upload id and epoch.
func (s *sessions) join(id string, epoch uint64) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byID[id]
	if !ok {
		return nil, fmt.Errorf("%w: no such upload under way", tranship.ErrNotFound)
	}
	if found.epoch != epoch {
		return nil, fmt.Errorf("%w: the upload has been resumed since epoch %d", tranship.ErrAborted, epoch)
	}
	return found, nil
}
