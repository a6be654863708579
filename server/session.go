package server

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/tranship/tranship"
)

// session is an upload under way and what its slots, of any stream, share.
type session struct {
	upload tranship.Upload
	spec   tranship.Spec
	// keep: what is there stays when the owning slot fails.
	keep bool
	// over is closed when the session has ended: its owner has, or a newer
	// session of the upload has begun. Slots that have joined end then.
	over chan struct{}

	received, written atomic.Int64

	mu    sync.Mutex
	reach int64
}

// extend notes that the upload has bytes up to reach.
func (s *session) extend(reach int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reach = max(s.reach, reach)
}

// end is where the file ends if nobody says it: behind all that has been written by
// the owner and by joined slots that were finished.
func (s *session) end() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reach
}

// sessions are a server's uploads under way, by id. The zero value is empty.
type sessions struct {
	mu   sync.Mutex
	byID map[string]*session
}

// add begins a session, and ends an older one of the same upload; itself, if a
// newer one was faster.
func (s *sessions) add(added *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = map[string]*session{}
	}
	if other, ok := s.byID[added.upload.ID()]; ok {
		if other.upload.Epoch() > added.upload.Epoch() {
			close(added.over)
			return
		}
		close(other.over)
	}
	s.byID[added.upload.ID()] = added
}

// remove ends a session unless a newer one has.
func (s *sessions) remove(removed *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id := removed.upload.ID(); s.byID[id] == removed {
		close(removed.over)
		delete(s.byID, id)
	}
}

// join finds the session of an upload id and epoch.
func (s *sessions) join(id string, epoch uint64) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byID[id]
	if !ok || found.upload.Epoch() != epoch {
		return nil, fmt.Errorf("%w: the upload is not under way in epoch %d", tranship.ErrAborted, epoch)
	}
	return found, nil
}

// end ends the session of an upload, if there is one.
func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ended, ok := s.byID[id]; ok {
		close(ended.over)
		delete(s.byID, id)
	}
}
