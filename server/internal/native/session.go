package native

import (
	"cmp"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/minrate"
)

// session is an upload under way: what its slots on all streams share.
type session struct {
	upload tranship.Upload
	spec   tranship.Spec
	// owner is the name of the principal that began the upload: only its slots may join.
	// caller is the caller that the session counts for. It tells callers without
	// credentials apart.
	owner, caller string
	// keep says that the upload can be resumed when the owning slot fails.
	keep bool
	// guest is set if another server has begun the upload. The session then belongs to one
	// slot, which has joined, and is not among the sessions of the service.
	guest *guest
	// over is closed when the session ends: its owning slot has ended, or a newer session
	// of the upload has begun. Joined slots then fail with reason.
	over   chan struct{}
	reason error

	received, written atomic.Int64
	// copied counts the bytes of parts that were copied from other files.
	copied atomic.Int64

	// waiting tells whether the client or the server is the cause when nothing arrives.
	waiting minrate.Waiting

	streams StreamGrant

	mu    sync.Mutex
	reach int64
}

// grant is how many streams the upload may have.
func (s *session) grant() *StreamGrant {
	if s.guest != nil {
		return &s.guest.streams
	}
	return &s.streams
}

// close ends the session's slots. Only sessions may call it, and once.
func (s *session) close(reason error) {
	s.reason = reason
	close(s.over)
}

// extend records that the upload has bytes up to reach.
func (s *session) extend(reach int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reach = max(s.reach, reach)
}

// end is the size of the file if the client does not say it: the end of the bytes
// written by the owner and by joined slots that were finished.
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
	// guests has the uploads of other servers by id.
	guests map[string]*guest
}

// add begins a session, and ends an older one of the same upload. If a newer one has
// begun already, the added session ends.
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

// remove ends a session, unless a newer one has ended it. lost says that the stream of
// the owning slot broke.
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

// cancel ends a session, unless it has ended, so that its joined slots, and those
// that join it later, fail with reason.
func (s *sessions) cancel(cancelled *session, reason error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id := cancelled.upload.ID(); s.byID[id] == cancelled {
		cancelled.close(reason)
		delete(s.byID, id)
		s.lost.add(id, lostUpload{owner: cancelled.owner, epoch: cancelled.upload.Epoch(), caller: cancelled.caller, cancelled: reason})
	}
}

// join finds the session of an upload id and epoch. The session of another owner is
// treated as missing.
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
		return nil, cmp.Or(s.lost.byID[id].cancelled, errLost)
	default:
		return nil, errEnded
	}
}

// number is how many uploads there are.
func (s *sessions) number() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byID) + len(s.guests)
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
	// errResumed is the outcome of slots whose upload was resumed by a newer session.
	errResumed = fmt.Errorf("%w: another copy of this file took over", tranship.ErrAborted)
	// errEnded is the outcome of slots whose upload has ended, perhaps after a newer
	// session had resumed it.
	errEnded = fmt.Errorf("%w: the upload is not under way any more: another copy of this file took over, or it was removed", tranship.ErrAborted)
	// errLost is the outcome of slots whose upload can be resumed.
	errLost = fmt.Errorf("%w: the stream that owns the upload has ended", tranship.ErrUnavailable)
)
