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

// session is what an upload has stored. It outlives the upload that resumes it next.
// All of it is guarded by the store's lock.
type session struct {
	id string
	// resumable: the session outlives its owner. It never changes.
	resumable bool

	spec     tranship.Spec
	partSize int64
	epoch    uint64
	// owner is the upload that may change the session; nil when it was let go,
	// or has ended.
	owner *upload
	// parts holds what was written of each part.
	parts map[int]*part
	// durable are the ranges of a session that was committed.
	durable []tranship.Range
	// committed is the version of the file that it became; "" before.
	committed string
	// stale tells that the commit is to be forgotten once there is no owner.
	stale         bool
	created, used time.Time
}

// whole tells whether a part has all its bytes for good. Memory knows no other
// durability.
func (s *session) whole(n int, p *part) bool {
	return p.closed && int64(len(p.data)) == s.length(n)
}

// length is how many bytes part n can have, in an upload of known size.
func (s *session) length(n int) int64 {
	return min(s.partSize, *s.spec.Size-int64(n)*s.partSize)
}

// ranges are the durable ones.
func (s *session) ranges() []tranship.Range {
	if !s.resumable || s.committed != "" {
		return s.durable
	}
	var all []tranship.Range
	for _, n := range slices.Sorted(maps.Keys(s.parts)) {
		if p := s.parts[n]; s.whole(n, p) && len(p.data) > 0 {
			all = append(all, tranship.Range{Offset: int64(n) * s.partSize, Length: int64(len(p.data)), CRC32C: new(p.crc)})
		}
	}
	return all
}

// upload implements tranship.Upload: one hold on a session.
type upload struct {
	store   *Store
	session *session
	epoch   uint64
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
	if u.session.owner != u {
		return nil
	}
	ranges := slices.Clone(u.session.ranges())
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
	return u.ended()
}

// ended tells whether the upload lost its session to a newer one, or to its end.
func (u *upload) ended() error {
	switch path := u.session.spec.Path; {
	case u.session.owner == u:
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
	if err := u.ended(); err != nil {
		return tranship.File{}, err
	}
	s := u.session
	if commit.Size < 0 || s.spec.Size != nil && *s.spec.Size != commit.Size {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "the size must be the one that the upload was begun with"}
	}
	if err := commit.Attributes.Validate(); err != nil {
		return tranship.File{}, err
	}
	made, err := u.store.outcome(ctx, s, commit)
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
		if err := u.store.allow(s.spec.Path, s.spec.Precondition); err != nil {
			return tranship.File{}, err
		}
		if err := u.store.makeDirectories(ctx, s.spec.Path); err != nil {
			return tranship.File{}, err
		}
		s.durable, s.committed, s.parts, s.used = s.ranges(), made.info.Version, nil, time.Now()
	}
	u.store.set(made)
	s.owner = nil
	if first && s.resumable {
		u.store.remember(s)
	}
	return made.describe(), nil
}

// outcome is the file that a session becomes; if it was committed, the one that it
// became, with what the latest spec and the commit set of attributes.
func (s *Store) outcome(ctx context.Context, begun *session, commit tranship.Commit) (*file, error) {
	spec := begun.spec
	spec.Attributes = spec.Attributes.Override(commit.Attributes)
	if begun.committed == "" {
		data, crc, err := begun.assemble(commit.Size)
		if err != nil {
			return nil, err
		}
		return newFile(ctx, spec, data, crc), nil
	}
	path := begun.spec.Path
	if err := s.check(path, tranship.Precondition{MustMatchVersion: begun.committed}); err != nil {
		return nil, err
	}
	made := s.files[path]
	return &file{info: spec.Attributes.Apply(made.info), data: made.data, account: made.account}, nil
}

// assemble puts the parts together to a file of size bytes, and their checksums to
// that of the file.
func (s *session) assemble(size int64) (data []byte, crc uint32, err error) {
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
	if u.session.owner == u {
		u.store.forget(u.session)
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
	if u.session.owner != u {
		return nil
	}
	u.session.letGo()
	if u.session.stale {
		u.store.forget(u.session)
	}
	return nil
}

// letGo ends the owner and what it was still writing.
func (s *session) letGo() {
	s.owner = nil
	maps.DeleteFunc(s.parts, func(n int, p *part) bool { return !s.whole(n, p) })
}
