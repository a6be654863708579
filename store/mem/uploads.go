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
	// DefaultUploadExpiry is after how long without a write an unfinished upload
	// is removed, 7 days.
	DefaultUploadExpiry = 7 * 24 * time.Hour
	// remembered is how long a commit is, 1 day.
	remembered = 24 * time.Hour
)

// resumption is what a later Begin must name to go on with an upload.
type resumption struct {
	path, key, owner string
	size             int64
}

// resumptionOf is that of a spec with a ResumeKey.
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
	s.expire()
	var begun *session
	if spec.ResumeKey != "" {
		begun = s.sessions[resumptionOf(spec)]
	}
	if begun != nil && begun.committed != "" {
		if f := s.files[spec.Path]; f != nil && f.info.Version == begun.committed {
			begun.spec = clone(spec)
			return s.own(begun), nil
		}
	}
	if err := s.allow(spec.Path, spec.Precondition); err != nil {
		return nil, err
	}
	if begun != nil && begun.committed != "" {
		s.forget(begun)
		begun = nil
	}
	if begun == nil {
		begun = s.newSession(spec)
	}
	begun.letGo()
	begun.spec = clone(spec)
	begun.used = time.Now()
	return s.own(begun), nil
}

// own makes a new upload the owner of a session, and ends the older.
func (s *Store) own(begun *session) *upload {
	begun.epoch++
	begun.owner = &upload{store: s, session: begun, epoch: begun.epoch}
	return begun.owner
}

// newSession is kept by the store if it can be resumed.
func (s *Store) newSession(spec tranship.Spec) *session {
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

// clone shares no memory with spec, which is its caller's.
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

// forget removes a session with all it has stored, and ends its owner.
func (s *Store) forget(old *session) {
	old.owner, old.parts = nil, nil
	if old.resumable {
		delete(s.sessions, resumptionOf(old.spec))
		delete(s.ids, old.id)
		s.commits.Drop(old.spec.Path, old)
	}
}

// remember keeps that a session was committed, and forgets what is too old for it.
func (s *Store) remember(made *session) {
	s.commits.PerOwner = s.RememberedCommits
	for _, old := range s.commits.Add(made.spec.Owner, made.spec.Path, made) {
		s.forgetOnce(old)
	}
}

// forgetOnce forgets a commit once no upload has it open.
func (s *Store) forgetOnce(old *session) {
	if old.owner != nil {
		old.stale = true
		return
	}
	s.forget(old)
}

// forgetCommit forgets what made the file at path, which is not there any more.
func (s *Store) forgetCommit(path string) {
	if old, ok := s.commits.Forget(path); ok {
		s.forgetOnce(old)
	}
}

// expire forgets the sessions whose time has come.
func (s *Store) expire() {
	for _, old := range s.sessions {
		if !time.Now().Before(s.expiry(old)) {
			s.forget(old)
		}
	}
}

func (s *Store) expiry(old *session) time.Time {
	switch {
	case old.committed != "":
		return old.used.Add(remembered)
	case s.UploadExpiry > 0:
		return old.used.Add(s.UploadExpiry)
	default:
		return old.used.Add(DefaultUploadExpiry)
	}
}

// ListUploads implements tranship.Uploads. It lists what was there when it began.
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

// unfinished are the uploads that ListUploads is to yield.
func (s *Store) unfinished(directory string) []tranship.UploadInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	var all []tranship.UploadInfo
	for _, begun := range s.sessions {
		path := begun.spec.Path
		if _, below := inDirectory(path, directory); begun.committed != "" || !below && path != directory {
			continue
		}
		all = append(all, s.info(begun))
	}
	slices.SortFunc(all, func(a, b tranship.UploadInfo) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// info describes an unfinished session.
func (s *Store) info(begun *session) tranship.UploadInfo {
	info := tranship.UploadInfo{
		ID:      begun.id,
		Path:    begun.spec.Path,
		Owner:   begun.spec.Owner,
		Size:    *begun.spec.Size,
		Created: begun.created.Round(0), // without the monotonic clock
		Expires: s.expiry(begun).Round(0),
	}
	for _, durable := range begun.ranges() {
		info.DurableBytes += durable.Length
	}
	return info
}

// unfinishedWith is the unfinished upload with an id.
func (s *Store) unfinishedWith(ctx context.Context, id string) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	begun := s.ids[id]
	if begun == nil || begun.committed != "" || !time.Now().Before(s.expiry(begun)) {
		return nil, tranship.UploadNotFound(id)
	}
	return begun, nil
}

// FindUpload implements tranship.UploadFinder.
func (s *Store) FindUpload(ctx context.Context, id string) (tranship.UploadInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	begun, err := s.unfinishedWith(ctx, id)
	if err != nil {
		return tranship.UploadInfo{}, err
	}
	return s.info(begun), nil
}

// AbortUpload implements tranship.Uploads.
func (s *Store) AbortUpload(ctx context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	begun, err := s.unfinishedWith(ctx, id)
	if err != nil {
		return err
	}
	s.forget(begun)
	return nil
}
