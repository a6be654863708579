package disk

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tranship/tranship"
)

const (
	// DefaultUploadExpiry is the time without a write after which an unfinished upload is
	// removed, 7 days.
	DefaultUploadExpiry = 7 * 24 * time.Hour

	// idleTime is the time without a write after which the reserved space of an open upload
	// is suspended until its next write. Detach suspends it immediately.
	idleTime = time.Minute
	// sweepInterval is the time between two sweeps.
	sweepInterval = time.Minute
)

// register adds a session to the store. It returns false if the store is closed.
func (s *Store) register(begun *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.sessions[begun.id] = begun
	if begun.resumable() {
		s.resumable[begun.resumption] = begun
	}
	return true
}

func (s *Store) deregister(old *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, old.id)
	s.commits.Drop(old.path, old)
	if old.resumable() && s.resumable[old.resumption] == old {
		delete(s.resumable, old.resumption)
	}
}

// sessionFor returns the session with a resumption; nil if there is none.
func (s *Store) sessionFor(wanted resumption) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.resumable[wanted]
}

func (s *Store) allSessions() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.sessions))
}

// ListUploads implements tranship.Uploads. It keeps at most 2,000 of them in memory.
func (s *Store) ListUploads(ctx context.Context, directory string) iter.Seq2[tranship.UploadInfo, error] {
	return func(yield func(tranship.UploadInfo, error) bool) {
		if err := tranship.ValidateDirectory(directory); err != nil {
			yield(tranship.UploadInfo{}, err)
			return
		}
		var last tranship.UploadInfo
		for {
			infos, err := s.unfinished(ctx, directory, last)
			for _, info := range infos {
				if err = ctx.Err(); err != nil {
					break
				}
				if !yield(info, nil) {
					return
				}
				last = info
			}
			if err != nil {
				yield(tranship.UploadInfo{}, err)
				return
			}
			if len(infos) < uploadsPage {
				return
			}
		}
	}
}

// uploadsPage is the number of uploads that ListUploads collects at a time.
const uploadsPage = 1000

// compareUploads compares uploads in the order of ListUploads.
func compareUploads(a, b tranship.UploadInfo) int {
	return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID))
}

// unfinished returns the first uploadsPage of the unfinished uploads that come after last.
func (s *Store) unfinished(ctx context.Context, directory string, last tranship.UploadInfo) ([]tranship.UploadInfo, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return nil, errClosed()
	}
	if err := s.present(); err != nil {
		return nil, err
	}
	s.sweep()
	var all []tranship.UploadInfo
	for _, begun := range s.allSessions() {
		if info, ok := begun.info(); ok && isIn(info.Path, directory) && compareUploads(info, last) > 0 {
			all = append(all, info)
		}
		if len(all) == 2*uploadsPage {
			slices.SortFunc(all, compareUploads)
			all = all[:uploadsPage]
		}
	}
	slices.SortFunc(all, compareUploads)
	return all[:min(len(all), uploadsPage)], nil
}

// isIn reports whether a path is that of a directory, or below it.
func isIn(path, directory string) bool {
	return directory == "" || path == directory || strings.HasPrefix(path, directory+"/")
}

// info describes an unfinished upload. ok is false for sessions that are not listed.
func (s *session) info() (_ tranship.UploadInfo, ok bool) {
	s.parts.Gate.RLock()
	defer s.parts.Gate.RUnlock()
	if !s.resumable() || s.gone || s.committed != nil || s.parts.Failure() != nil {
		return tranship.UploadInfo{}, false
	}
	info := tranship.UploadInfo{
		ID:      s.id,
		Path:    s.path,
		Owner:   s.resumption.owner,
		Size:    s.knownSize(),
		Created: s.created.Round(0), // without the monotonic clock
		Written: s.lastUsed(),
		Expires: s.lastUsed().Add(s.store.options.UploadExpiry),
	}
	for _, durable := range s.durableRangesLocked() {
		info.DurableBytes += durable.Length
	}
	if tail, ok := s.parts.Tail(); ok {
		info.DurableBytes += tail.Length
	}
	return info, true
}

// FindUpload implements tranship.UploadFinder.
func (s *Store) FindUpload(ctx context.Context, id string) (tranship.UploadInfo, error) {
	if err := ctx.Err(); err != nil {
		return tranship.UploadInfo{}, err
	}
	s.mu.Lock()
	found, closed := s.sessions[id], s.closed
	s.mu.Unlock()
	if closed {
		return tranship.UploadInfo{}, errClosed()
	}
	if err := s.present(); err != nil {
		return tranship.UploadInfo{}, err
	}
	if found != nil {
		info, ok := found.info()
		if ok && info.Expires.After(s.system.now()) {
			return info, nil
		}
	}
	return tranship.UploadInfo{}, tranship.UploadNotFound(id)
}

func errClosed() error { return fmt.Errorf("%w: the store is closed", tranship.ErrUnavailable) }

// AbortUpload implements tranship.Uploads.
func (s *Store) AbortUpload(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	old := s.sessions[id]
	s.mu.Unlock()
	if old != nil && old.abortUnfinished() {
		return nil
	}
	return tranship.UploadNotFound(id)
}

// abortUnfinished removes an unfinished resumable session. It returns false for others.
func (s *session) abortUnfinished() bool {
	s.parts.Gate.Lock()
	defer s.parts.Gate.Unlock()
	if !s.resumable() || s.gone || s.committed != nil {
		return false
	}
	s.removeLocked()
	return true
}

// sweep removes the sessions that have expired, and suspends the reserved space of those that
// are idle.
func (s *Store) sweep() {
	s.forget(nil)
	now := s.system.now()
	for _, old := range s.allSessions() {
		if now.Sub(old.lastUsed()) >= idleTime {
			old.reserved.suspend()
		}
		if !old.expired(now) {
			continue
		}
		old.parts.Gate.Lock()
		if old.expiredLocked(now) {
			old.removeLocked()
		}
		old.parts.Gate.Unlock()
	}
}

func (s *session) expired(now time.Time) bool {
	if !s.parts.Gate.TryRLock() { // a commit or Begin is using the session
		return false
	}
	defer s.parts.Gate.RUnlock()
	return s.expiredLocked(now)
}

// expiredLocked is expired for a caller that holds the lock.
func (s *session) expiredLocked(now time.Time) bool {
	switch {
	case !s.resumable():
		return false
	case s.committed != nil:
		return now.Sub(s.committed.At) >= commitExpiry
	default:
		return now.Sub(s.lastUsed()) >= s.store.options.UploadExpiry
	}
}

// sweepUntil calls locate, sweep and sweepValues every sweepInterval until stop is closed.
func (s *Store) sweepUntil(stop <-chan struct{}) {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	var swept time.Time
	for {
		select {
		case <-ticker.C:
			_ = s.locate() // it logs what it finds
			s.sweep()
			swept = s.sweepValues(swept)
		case <-stop:
			return
		}
	}
}
