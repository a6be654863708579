package native

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/minrate"
)

// session is an upload under way and what its slots, of any stream, share.
type session struct {
	upload tranship.Upload
	spec   tranship.Spec
	// owner is the name of the principal who began it: only their slots join. caller is
	// what the session is counted for, which tells callers without credentials apart.
	owner, caller string
	// keep: what is there stays when the owning slot fails.
	keep bool
	// over is closed when the session has ended: its owner has, or a newer
	// session of the upload has begun. Slots that have joined end then, with
	// reason.
	over   chan struct{}
	reason error

	received, written atomic.Int64
	// copied counts the bytes of parts that were copied from other files.
	copied atomic.Int64

	// waiting tells whose fault it is that nothing arrives.
	waiting minrate.Waiting

	streams StreamGrant

	mu    sync.Mutex
	reach int64
}

// close ends the session's slots. Only sessions may call it, and once.
func (s *session) close(reason error) {
	s.reason = reason
	close(s.over)
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
	lost lostUploads
}

// add begins a session, and ends an older one of the same upload; itself, if a
// newer one was faster.
func (s *sessions) add(added *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = map[string]*session{}
	}
	id := added.upload.ID()
	if other, ok := s.byID[id]; ok {
		if other.upload.Epoch() > added.upload.Epoch() {
			added.close(errResumed)
			return
		}
		other.close(errResumed)
	}
	s.lost.remove(id)
	s.byID[id] = added
}

// remove ends a session unless a newer one has. lost: its owner did not end it.
func (s *sessions) remove(removed *session, lost bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := removed.upload.ID()
	if s.byID[id] != removed {
		return
	}
	delete(s.byID, id)
	if !lost {
		removed.close(errEnded)
		return
	}
	removed.close(errLost)
	s.lost.add(id, lostUpload{owner: removed.owner, epoch: removed.upload.Epoch(), caller: removed.caller})
}

// join finds the session of an upload id and epoch. One of another owner is as if
// there were none.
func (s *sessions) join(owner, id string, epoch uint64) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byID[id]
	ok = ok && found.owner == owner
	switch {
	case ok && found.upload.Epoch() == epoch:
		return found, nil
	case ok && found.upload.Epoch() > epoch:
		return nil, errResumed
	case !ok && s.lost.has(id, owner, epoch):
		return nil, errLost
	default:
		return nil, errEnded
	}
}

// number is how many there are.
func (s *sessions) number() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byID)
}

// end ends the session of an upload, if there is one.
func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ended, ok := s.byID[id]; ok {
		ended.close(errEnded)
		delete(s.byID, id)
	}
	s.lost.remove(id)
}

var (
	// errResumed is the outcome of slots whose upload was resumed by a newer one.
	errResumed = fmt.Errorf("%w: another copy of this file took over", tranship.ErrAborted)
	// errEnded is that of slots whose upload was ended, perhaps by one that had
	// resumed it.
	errEnded = fmt.Errorf("%w: the upload is not under way any more: another copy of this file took over, or it was removed", tranship.ErrAborted)
	// errLost is that of slots whose upload can be resumed.
	errLost = fmt.Errorf("%w: the stream that owns the upload has ended", tranship.ErrUnavailable)
)
