package mem

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// session is the state of an upload. Several epochs, each an *upload, may use it one after
// another. The store's mu guards it, apart from the fields that never change.
type session struct {
	id string
	// resumable is set if the session outlives its epoch. It never changes.
	resumable bool

	spec     tranship.Spec
	partSize int64
	epoch    uint64
	// current is the upload that may change the session; nil if it was detached or ended.
	current *upload
	// parts has the data of each part.
	parts map[int]*part
	// tail is the beginning of a part; nil for none. It stays while its part is written from
	// there on.
	tail *tail
	// durable has the ranges of a session that was committed.
	durable []tranship.Range
	// committed is the version of the committed file; "" before the commit.
	committed string
	// stale is set if the commit must be forgotten once current is nil.
	stale         bool
	created, used time.Time
}

// wholeLocked reports whether a part is complete and closed. In memory, such a part is
// durable.
func (s *session) wholeLocked(n int, p *part) bool {
	return p.closed && int64(len(p.data)) == s.length(n)
}

// length returns the length in bytes of part n, in an upload of known size.
func (s *session) length(n int) int64 {
	return min(s.partSize, *s.spec.Size-int64(n)*s.partSize)
}

// durableLocked returns the durable ranges.
func (s *session) durableLocked() []tranship.Range {
	if !s.resumable || s.committed != "" {
		return s.durable
	}
	var all []tranship.Range
	for _, n := range slices.Sorted(maps.Keys(s.parts)) {
		if p := s.parts[n]; s.wholeLocked(n, p) && len(p.data) > 0 {
			all = append(all, tranship.Range{Offset: int64(n) * s.partSize, Length: int64(len(p.data)), CRC32C: new(p.crc)})
		}
	}
	return all
}

// upload implements tranship.Upload. It is one epoch of a session.
type upload struct {
	store   *Store
	session *session
	epoch   uint64
	// joins is the upload of the same epoch that this one has joined; nil if it was begun.
	joins *upload
	// left is set once an upload that has joined another was ended.
	left bool
}

func (u *upload) ID() string { return u.session.id }

func (u *upload) Epoch() uint64 { return u.epoch }

// Committed implements tranship.CommittedUpload.
func (u *upload) Committed() bool {
	u.store.mu.Lock()
	defer u.store.mu.Unlock()
	return u.session.committed != ""
}

func (u *upload) PartSize() int64 { return u.session.partSize }

// Durable implements tranship.Upload.
func (u *upload) Durable() []tranship.Range {
	u.store.mu.Lock()
	defer u.store.mu.Unlock()
	if u.endedLocked() != nil {
		return nil
	}
	ranges := slices.Clone(u.session.durableLocked())
	for i := range ranges {
		ranges[i].CRC32C = new(*ranges[i].CRC32C)
	}
	return ranges
}

// Sync implements tranship.Upload.
func (u *upload) Sync(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u.store.mu.Lock()
	defer u.store.mu.Unlock()
	if !u.session.resumable {
		return nil
	}
	return u.endedLocked()
}

// endedLocked fails if a newer epoch has taken over the session, or it has ended.
func (u *upload) endedLocked() error {
	switch path := u.session.spec.Path; {
	case u.session.current == u && u.joins == nil:
		return nil
	case u.joins != nil && u.session.current == u.joins && !u.left:
		return nil
	case u.session.epoch > u.epoch:
		return fmt.Errorf("%w: another copy of %s took over its upload", tranship.ErrAborted, path)
	default:
		return fmt.Errorf("%w: the upload of %s was ended", tranship.ErrAborted, path)
	}
}

// Commit implements tranship.Upload.
func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	u.store.mu.Lock()
	defer u.store.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	if err := u.endedLocked(); err != nil {
		return tranship.File{}, err
	}
	s := u.session
	if commit.Size < 0 || s.spec.Size != nil && *s.spec.Size != commit.Size {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "the size must be the one that the upload was begun with"}
	}
	if err := commit.Attributes.Validate(); err != nil {
		return tranship.File{}, err
	}
	made, err := u.store.committedFileLocked(ctx, s, commit)
	if err != nil {
		return tranship.File{}, err
	}
	for _, want := range []*uint32{commit.CRC32C, s.spec.CRC32C} {
		if crc := *made.info.CRC32C; want != nil && *want != crc {
			return tranship.File{}, failure.WrongChecksum(s.spec.Path, crc, *want)
		}
	}
	first := s.committed == ""
	if first {
		if err := u.store.allowLocked(s.spec.Path, s.spec.Precondition); err != nil {
			return tranship.File{}, err
		}
		if err := u.store.makeDirectoriesLocked(ctx, s.spec.Path); err != nil {
			return tranship.File{}, err
		}
		s.durable, s.committed, s.used = s.durableLocked(), made.info.Version, time.Now()
		s.parts, s.tail = nil, nil
	}
	u.store.setLocked(made)
	s.current = nil
	if first && s.resumable {
		u.store.rememberLocked(s)
	}
	return made.describe(), nil
}

// committedFileLocked returns the file that a commit of a session creates. If the session was
// committed before, it returns the committed file, with the attributes of the latest spec and
// commit.
func (s *Store) committedFileLocked(ctx context.Context, begun *session, commit tranship.Commit) (*file, error) {
	spec := begun.spec
	spec.Attributes = spec.Attributes.Override(commit.Attributes)
	if begun.committed == "" {
		data, crc, err := begun.assembleLocked(commit.Size)
		if err != nil {
			return nil, err
		}
		return newFile(ctx, spec, data, crc), nil
	}
	path := begun.spec.Path
	if err := s.checkLocked(path, tranship.Precondition{MustMatchVersion: begun.committed}); err != nil {
		return nil, err
	}
	made := s.files[path]
	return &file{info: spec.Attributes.Apply(made.info), data: made.data, account: made.account}, nil
}

// assembleLocked concatenates the parts to a file of size bytes, and combines their
// checksums.
func (s *session) assembleLocked(size int64) (data []byte, crc uint32, err error) {
	var pieces [][]byte
	var missing []tranship.Range
	var end int64
	for _, n := range slices.Sorted(maps.Keys(s.parts)) {
		part := s.parts[n]
		length := int64(len(part.data))
		if length == 0 {
			continue
		}
		offset := int64(n) * s.partSize
		if length > size-offset {
			return nil, 0, &tranship.InvalidError{Field: "size", Rule: "the size must not be less than what was written"}
		}
		if offset > end {
			missing = append(missing, tranship.Range{Offset: end, Length: offset - end})
		}
		pieces = append(pieces, part.data)
		crc = tranship.CombineCRC32C(crc, part.crc, length)
		end = offset + length
	}
	if end < size {
		missing = append(missing, tranship.Range{Offset: end, Length: size - end})
	}
	if missing != nil {
		return nil, 0, &tranship.IncompleteError{Missing: missing}
	}
	return slices.Concat(pieces...), crc, nil
}

// Abort implements tranship.Upload.
func (u *upload) Abort(ctx context.Context) error {
	u.store.mu.Lock()
	defer u.store.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if u.session.current == u {
		u.store.forgetLocked(u.session)
	}
	return nil
}

// Detach implements tranship.Upload.
func (u *upload) Detach(ctx context.Context) error {
	if !u.session.resumable {
		return u.Abort(ctx)
	}
	u.store.mu.Lock()
	defer u.store.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if u.session.current != u {
		return nil
	}
	if u.session.spec.Transient && u.session.committed == "" {
		u.store.forgetLocked(u.session)
		return nil
	}
	u.session.detachLocked()
	if u.session.stale {
		u.store.forgetLocked(u.session)
	}
	return nil
}

// detachLocked ends the current epoch and discards its incomplete parts.
func (s *session) detachLocked() {
	s.current = nil
	maps.DeleteFunc(s.parts, func(n int, p *part) bool { return !s.wholeLocked(n, p) })
}
