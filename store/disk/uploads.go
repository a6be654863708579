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
	// DefaultUploadExpiry is after how long without a write an unfinished upload
	// is removed, 7 days.
	DefaultUploadExpiry = 7 * 24 * time.Hour

	// idle is after how long without a write the space of an upload that a client
	// has open is given to others until it goes on. That of another is at once.
	idle = time.Minute
	// sweepInterval is how often that is looked at.
	sweepInterval = time.Minute
)

// register makes a session known. It is false when the store is closed.
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

// sessionFor is the one to resume; nil when there is none.
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

// ListUploads implements tranship.Uploads. It has up to 2,000 of them in memory.
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
			if len(infos) < uploadsPiece {
				return
			}
		}
	}
}

// uploadsPiece is how many uploads ListUploads looks for at once.
const uploadsPiece = 1000

// compareUploads compares uploads as they are listed.
func compareUploads(a, b tranship.UploadInfo) int {
	return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID))
}

// unfinished are the first uploadsPiece of the uploads that come after last.
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
		if len(all) == 2*uploadsPiece {
			slices.SortFunc(all, compareUploads)
			all = all[:uploadsPiece]
		}
	}
	slices.SortFunc(all, compareUploads)
	return all[:min(len(all), uploadsPiece)], nil
}

// isIn tells whether a path is a directory's, or of something below it.
func isIn(path, directory string) bool {
	return directory == "" || path == directory || strings.HasPrefix(path, directory+"/")
}

// info is false for sessions that are not to be listed.
func (s *session) info() (tranship.UploadInfo, bool) {
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
		Expires: s.lastUsed().Add(s.store.options.UploadExpiry),
	}
	for _, durable := range s.durableRanges() {
		info.DurableBytes += durable.Length
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

// abortUnfinished is false if there is nothing that may be aborted by id.
func (s *session) abortUnfinished() bool {
	s.parts.Gate.Lock()
	defer s.parts.Gate.Unlock()
	if !s.resumable() || s.gone || s.committed != nil {
		return false
	}
	s.remove()
	return true
}

// sweep removes the sessions whose time has come, and lets others have the space
// of those that are idle.
func (s *Store) sweep() {
	s.forget(nil)
	now := s.system.now()
	for _, old := range s.allSessions() {
		if now.Sub(old.lastUsed()) >= idle {
			old.reserved.suspend()
		}
		if !old.expired(now) {
			continue
		}
		old.parts.Gate.Lock()
		if old.expiredLocked(now) {
			old.remove()
		}
		old.parts.Gate.Unlock()
	}
}

func (s *session) expired(now time.Time) bool {
	if !s.parts.Gate.TryRLock() { // it is being committed or resumed: in use
		return false
	}
	defer s.parts.Gate.RUnlock()
	return s.expiredLocked(now)
}

// expiredLocked is expired for a caller that holds the gate.
func (s *session) expiredLocked(now time.Time) bool {
	switch {
	case !s.resumable():
		return false
	case s.committed != nil:
		return now.Sub(s.committed.At) >= remembered
	default:
		return now.Sub(s.lastUsed()) >= s.store.options.UploadExpiry
	}
}

// sweepUntil sweeps from time to time.
func (s *Store) sweepUntil(stop <-chan struct{}) {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			s.sweep()
		case <-stop:
			return
		}
	}
}
