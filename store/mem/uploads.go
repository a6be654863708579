package mem

import (
	"cmp"
	"context"
	"crypto/rand"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/tranship/tranship"
)

const (
	// DefaultUploadExpiry is the time without a write after which an unfinished upload is
	// removed, 7 days.
	DefaultUploadExpiry = 7 * 24 * time.Hour
	// commitExpiry is how long a commit is remembered, 1 day.
	commitExpiry = 24 * time.Hour
)

// resumption identifies a resumable upload. A Begin whose spec has the same resumption
// resumes it.
type resumption struct {
	path, key, owner string
	size             int64
}

// resumptionOf returns the resumption of a spec, which must have a ResumeKey.
func resumptionOf(spec tranship.Spec) resumption {
	return resumption{path: spec.Path, size: *spec.Size, key: spec.ResumeKey, owner: spec.Owner}
}

// Begin implements tranship.Writer.
func (s *Store) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.expireLocked()
	var begun *session
	if spec.ResumeKey != "" {
		begun = s.sessions[resumptionOf(spec)]
	}
	if begun != nil && begun.committed != "" {
		if f := s.files[spec.Path]; f != nil && f.info.Version == begun.committed {
			begun.spec = clone(spec)
			return s.nextEpochLocked(begun), nil
		}
	}
	if err := s.allowLocked(spec.Path, spec.Precondition); err != nil {
		return nil, err
	}
	if begun != nil && begun.committed != "" {
		s.forgetLocked(begun)
		begun = nil
	}
	if begun == nil {
		begun = s.newSessionLocked(spec)
	}
	begun.detachLocked()
	begun.spec = clone(spec)
	begun.used = time.Now()
	return s.nextEpochLocked(begun), nil
}

// nextEpochLocked begins the next epoch of a session, which ends the older one.
func (s *Store) nextEpochLocked(begun *session) *upload {
	begun.epoch++
	begun.current = &upload{store: s, session: begun, epoch: begun.epoch}
	return begun.current
}

// newSessionLocked returns a new session. The store keeps it if it is resumable.
func (s *Store) newSessionLocked(spec tranship.Spec) *session {
	begun := &session{id: rand.Text(), resumable: spec.ResumeKey != "", spec: spec, partSize: s.PartSize, parts: make(map[int]*part), created: time.Now()}
	if begun.partSize <= 0 {
		begun.partSize = DefaultPartSize
	}
	if begun.resumable {
		if s.sessions == nil {
			s.sessions = make(map[resumption]*session)
			s.ids = make(map[string]*session)
		}
		s.sessions[resumptionOf(spec)] = begun
		s.ids[begun.id] = begun
	}
	return begun
}

// clone returns a copy that shares no memory with spec.
func clone(spec tranship.Spec) tranship.Spec {
	if spec.Size != nil {
		spec.Size = new(*spec.Size)
	}
	if spec.CRC32C != nil {
		spec.CRC32C = new(*spec.CRC32C)
	}
	if spec.Attributes.ModTime != nil {
		spec.Attributes.ModTime = new(*spec.Attributes.ModTime)
	}
	if spec.Attributes.Mode != nil {
		spec.Attributes.Mode = new(*spec.Attributes.Mode)
	}
	spec.Attributes.Metadata = maps.Clone(spec.Attributes.Metadata)
	return spec
}

// forgetLocked removes a session with its data, and ends its current epoch.
func (s *Store) forgetLocked(old *session) {
	old.current, old.parts, old.tail = nil, nil, nil
	if old.resumable {
		delete(s.sessions, resumptionOf(old.spec))
		delete(s.ids, old.id)
		s.commits.Drop(old.spec.Path, old)
	}
}

// rememberLocked remembers the commit of a session, and forgets the oldest commits that
// exceed RememberedCommits.
func (s *Store) rememberLocked(made *session) {
	s.commits.PerOwner = s.RememberedCommits
	for _, old := range s.commits.Add(made.spec.Owner, made.spec.Path, made) {
		s.forgetDetachedLocked(old)
	}
}

// forgetDetachedLocked forgets a commit once no upload has its session open.
func (s *Store) forgetDetachedLocked(old *session) {
	if old.current != nil {
		old.stale = true
		return
	}
	s.forgetLocked(old)
}

// forgetCommitLocked forgets the commit of the file at path, which was removed or replaced.
func (s *Store) forgetCommitLocked(path string) {
	if old, ok := s.commits.Forget(path); ok {
		s.forgetDetachedLocked(old)
	}
}

// expireLocked forgets the sessions that have expired.
func (s *Store) expireLocked() {
	for _, old := range s.sessions {
		if !time.Now().Before(s.expiryLocked(old)) {
			s.forgetLocked(old)
		}
	}
}

// expiryLocked returns the time at which a session expires.
func (s *Store) expiryLocked(old *session) time.Time {
	switch {
	case old.committed != "":
		return old.used.Add(commitExpiry)
	case s.UploadExpiry > 0:
		return old.used.Add(s.UploadExpiry)
	default:
		return old.used.Add(DefaultUploadExpiry)
	}
}

// ListUploads implements tranship.Uploads. It lists the uploads that exist when it begins.
func (s *Store) ListUploads(ctx context.Context, directory string) iter.Seq2[tranship.UploadInfo, error] {
	return func(yield func(tranship.UploadInfo, error) bool) {
		if err := tranship.ValidateDirectory(directory); err != nil {
			yield(tranship.UploadInfo{}, err)
			return
		}
		for _, info := range s.unfinished(directory) {
			if ctx.Err() != nil {
				break
			}
			if !yield(info, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(tranship.UploadInfo{}, err)
		}
	}
}

// unfinished returns the unfinished uploads to paths at or below a directory.
func (s *Store) unfinished(directory string) []tranship.UploadInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expireLocked()
	var all []tranship.UploadInfo
	for _, begun := range s.sessions {
		path := begun.spec.Path
		if _, below := inDirectory(path, directory); begun.committed != "" || !below && path != directory {
			continue
		}
		all = append(all, s.infoLocked(begun))
	}
	slices.SortFunc(all, func(a, b tranship.UploadInfo) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// infoLocked describes an unfinished session.
func (s *Store) infoLocked(begun *session) tranship.UploadInfo {
	info := tranship.UploadInfo{
		ID:      begun.id,
		Path:    begun.spec.Path,
		Owner:   begun.spec.Owner,
		Size:    *begun.spec.Size,
		Created: begun.created.Round(0), // without the monotonic clock
		Written: begun.used.Round(0),
		Expires: s.expiryLocked(begun).Round(0),
	}
	for _, durable := range begun.durableLocked() {
		info.DurableBytes += durable.Length
	}
	if begun.tail != nil {
		info.DurableBytes += int64(len(begun.tail.data))
	}
	return info
}

// findUploadLocked returns the unfinished session with an id.
func (s *Store) findUploadLocked(ctx context.Context, id string) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	begun := s.ids[id]
	if begun == nil || begun.committed != "" || !time.Now().Before(s.expiryLocked(begun)) {
		return nil, tranship.UploadNotFound(id)
	}
	return begun, nil
}

// FindUpload implements tranship.UploadFinder.
func (s *Store) FindUpload(ctx context.Context, id string) (tranship.UploadInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	begun, err := s.findUploadLocked(ctx, id)
	if err != nil {
		return tranship.UploadInfo{}, err
	}
	return s.infoLocked(begun), nil
}

// AbortUpload implements tranship.Uploads.
func (s *Store) AbortUpload(ctx context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	begun, err := s.findUploadLocked(ctx, id)
	if err != nil {
		return err
	}
	s.forgetLocked(begun)
	return nil
}
