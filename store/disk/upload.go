package disk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/tranship/tranship"
)

// upload implements tranship.Upload. All parts are written to their places in one
// draft, through one descriptor.
type upload struct {
	store    *Store
	spec     tranship.Spec
	id       string
	partSize int64
	draft    *draft
	reserved *reservation

	// gate is held for reading while a part is begun or written, and alone by
	// Commit and Abort: nobody writes to a file that is visible.
	gate  sync.RWMutex
	ended bool
	// failed is why no Commit can succeed any more.
	failed error

	mu    sync.Mutex
	parts map[int64]*part
}

// Begin implements tranship.Writer.
func (s *Store) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if err := s.admitSpec(ctx, spec); err != nil {
		return nil, err
	}
	spec = cloneSpec(spec)
	var size int64
	if spec.Size != nil {
		size = *spec.Size
	}
	reserved, err := s.space.reserve(spec.Path, size)
	if err != nil {
		return nil, err
	}
	draft, err := s.newDraft()
	if err != nil {
		reserved.release()
		return nil, fail("begin the upload of", spec.Path, err)
	}
	u := &upload{
		store:    s,
		spec:     spec,
		id:       rand.Text(),
		partSize: tranship.PartSizeFor(spec.Size, s.options.MinPartSize, maxPartSize),
		draft:    draft,
		reserved: reserved,
		parts:    make(map[int64]*part),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uploads[u.id] = u
	return u, nil
}

// cloneSpec keeps a spec from what its owner may do to what it points to.
func cloneSpec(spec tranship.Spec) tranship.Spec {
	if spec.Size != nil {
		spec.Size = new(*spec.Size)
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

// ID implements tranship.Upload.
func (u *upload) ID() string { return u.id }

// PartSize implements tranship.Upload.
func (u *upload) PartSize() int64 { return u.partSize }

// Epoch implements tranship.Upload.
func (u *upload) Epoch() uint64 { return 1 }

// Durable implements tranship.Upload.
func (u *upload) Durable() []tranship.Range { return nil }

// Sync implements tranship.Upload.
func (u *upload) Sync(ctx context.Context) error { return ctx.Err() }

// Detach implements tranship.Upload.
func (u *upload) Detach(ctx context.Context) error { return u.Abort(ctx) }

// size is the declared one, or the largest there can be.
func (u *upload) size() int64 {
	if u.spec.Size != nil {
		return *u.spec.Size
	}
	return math.MaxInt64
}

func (u *upload) aborted() error {
	return fmt.Errorf("%w: the upload of %s was ended", tranship.ErrAborted, u.spec.Path)
}

// Commit implements tranship.Upload. When syncing has failed, it fails with that
// error for good, and the upload can only be aborted.
func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	u.gate.Lock()
	defer u.gate.Unlock()
	if u.ended {
		return tranship.File{}, fmt.Errorf("%w: the upload of %s", tranship.ErrNotFound, u.spec.Path)
	}
	if u.failed != nil {
		return tranship.File{}, u.failed
	}
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	if commit.Size < 0 || u.spec.Size != nil && *u.spec.Size != commit.Size {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "the size must be the one that the upload was begun with"}
	}
	crc, err := u.checkParts(commit.Size)
	if err != nil {
		return tranship.File{}, err
	}
	if commit.CRC32C != nil && *commit.CRC32C != crc {
		return tranship.File{}, fmt.Errorf("%w: %s has CRC32C %08x, not %08x", tranship.ErrIntegrity, u.spec.Path, crc, *commit.CRC32C)
	}
	if err := u.trim(commit.Size); err != nil {
		return tranship.File{}, err
	}
	file, err := u.store.commit(ctx, u.spec, u.draft, &crc)
	if final, ok := errors.AsType[finalError](err); ok {
		u.failed = final.error
		return tranship.File{}, u.failed
	}
	if err != nil {
		return tranship.File{}, err
	}
	u.end()
	return file, fail("close", u.spec.Path, u.draft.file.Close())
}

// checkParts tells whether the parts make a file of size bytes, and its checksum.
func (u *upload) checkParts(size int64) (crc uint32, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	var missing []tranship.Range
	var end int64
	for _, n := range slices.Sorted(maps.Keys(u.parts)) {
		part := u.parts[n]
		if part.written == 0 {
			continue
		}
		offset := n * u.partSize
		if part.written > size-offset {
			return 0, &tranship.InvalidError{Field: "size", Rule: "the size must not be less than what was written"}
		}
		if offset > end {
			missing = append(missing, tranship.Range{Offset: end, Length: offset - end})
		}
		crc = tranship.CombineCRC32C(crc, part.crc, part.written)
		end = offset + part.written
	}
	if end < size {
		missing = append(missing, tranship.Range{Offset: end, Length: size - end})
	}
	if missing != nil {
		return 0, &tranship.IncompleteError{Missing: missing}
	}
	return crc, nil
}

// trim cuts off what writers wrote that were followed by ones that wrote less.
func (u *upload) trim(size int64) error {
	info, err := u.draft.file.Stat()
	if err != nil {
		return fail("look at the upload of", u.spec.Path, err)
	}
	if info.Size() < size {
		return fmt.Errorf("the upload of %s has %d bytes on disk, not %d", u.spec.Path, info.Size(), size)
	}
	if info.Size() == size {
		return nil
	}
	return fail("cut the upload of", u.spec.Path, u.draft.file.Truncate(size))
}

// Abort implements tranship.Upload.
func (u *upload) Abort(ctx context.Context) error {
	u.gate.Lock()
	defer u.gate.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if !u.ended {
		u.end()
		_ = u.store.discard(u.draft, u.spec.Path, nil)
	}
	return nil
}

// end forgets the upload. The caller holds the gate.
func (u *upload) end() {
	u.ended = true
	u.reserved.release()
	u.store.mu.Lock()
	defer u.store.mu.Unlock()
	delete(u.store.uploads, u.id)
}

// ListUploads implements tranship.Uploads.
func (s *Store) ListUploads(ctx context.Context, directory string) iter.Seq2[tranship.UploadInfo, error] {
	return func(yield func(tranship.UploadInfo, error) bool) {
		if err := tranship.ValidateDirectory(directory); err != nil {
			yield(tranship.UploadInfo{}, err)
		}
	}
}

// AbortUpload implements tranship.Uploads.
func (s *Store) AbortUpload(ctx context.Context, id string) error {
	return fmt.Errorf("%w: upload %s", tranship.ErrNotFound, id)
}
