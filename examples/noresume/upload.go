package noresume

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/tranship/tranship"
)

// partSize is the length of an upload's parts in bytes.
const partSize = 64 << 10

// upload keeps its parts in memory until it ends.
type upload struct {
	store *Store
	id    string
	spec  tranship.Spec

	// mu guards the rest.
	mu    sync.Mutex
	parts map[int]*partWriter // the newest writer of each
	ended bool
}

// Begin implements tranship.Writer. It ignores the ResumeKey: the upload is always new.
func (s *Store) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.allowLocked(spec); err != nil {
		return nil, err
	}
	spec.Attributes = clone(spec.Attributes)
	if spec.CRC32C != nil {
		spec.CRC32C = new(*spec.CRC32C)
	}
	if spec.Size != nil {
		spec.Size = new(*spec.Size)
	}
	return &upload{store: s, id: rand.Text(), spec: spec, parts: map[int]*partWriter{}}, nil
}

// clone returns a copy of a that shares no memory with it.
func clone(a tranship.Attributes) tranship.Attributes {
	if a.ModTime != nil {
		a.ModTime = new(*a.ModTime)
	}
	if a.Mode != nil {
		a.Mode = new(*a.Mode)
	}
	a.Metadata = maps.Clone(a.Metadata)
	return a
}

// ID implements tranship.Upload.
func (u *upload) ID() string { return u.id }

// Epoch implements tranship.Upload.
func (u *upload) Epoch() uint64 { return 1 }

// PartSize implements tranship.Upload.
func (u *upload) PartSize() int64 { return partSize }

// Durable implements tranship.Upload.
func (u *upload) Durable() []tranship.Range { return nil }

// Sync implements tranship.Upload.
func (u *upload) Sync(ctx context.Context) error { return ctx.Err() }

// CopyPart implements tranship.Upload.
func (u *upload) CopyPart(context.Context, int, string, tranship.OpenOptions) error {
	return fmt.Errorf("%w: this store cannot copy parts of files", tranship.ErrUnsupported)
}

// aliveLocked returns an error if the upload or the context of the call has ended.
func (u *upload) aliveLocked(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if u.ended {
		return fmt.Errorf("%w: the upload of %s has ended", tranship.ErrAborted, u.spec.Path)
	}
	return nil
}

// Part implements tranship.Upload.
func (u *upload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := u.aliveLocked(ctx); err != nil {
		return nil, err
	}
	if n < 0 || n > math.MaxInt32 {
		return nil, &tranship.InvalidError{Field: "part", Rule: "there is no such part"}
	}
	space := int64(partSize)
	if size := u.spec.Size; size != nil {
		offset := int64(n) * partSize
		if n > 0 && offset >= *size {
			return nil, &tranship.InvalidError{Field: "part", Rule: "a part must not be beyond the size"}
		}
		space = min(space, *size-offset)
	}
	w := &partWriter{ctx: ctx, upload: u, n: n, space: space}
	u.parts[n] = w
	return w, nil
}

// Commit implements tranship.Upload.
func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := u.aliveLocked(ctx); err != nil {
		return tranship.File{}, err
	}
	if size := u.spec.Size; commit.Size < 0 || size != nil && *size != commit.Size {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "the size must be the one that the upload was begun with"}
	}
	data, err := u.assembleLocked(commit.Size)
	if err != nil {
		return tranship.File{}, err
	}
	crc := tranship.CRC32C(data)
	if commit.CRC32C != nil && *commit.CRC32C != crc {
		return tranship.File{}, fmt.Errorf("%w: %s has CRC32C %08x, not %08x", tranship.ErrIntegrity, u.spec.Path, crc, *commit.CRC32C)
	}
	if err := commit.Attributes.Validate(); err != nil {
		return tranship.File{}, err
	}
	spec := u.spec
	spec.Attributes = spec.Attributes.Override(commit.Attributes)
	file, err := u.store.storeFile(ctx, spec, data, crc)
	u.ended = err == nil
	return file, err
}

// assembleLocked joins the parts. It returns an error if they do not have exactly size
// bytes.
func (u *upload) assembleLocked(size int64) (data []byte, err error) {
	var missing []tranship.Range
	var end int64
	for _, n := range slices.Sorted(maps.Keys(u.parts)) {
		part := u.parts[n].data
		if len(part) == 0 {
			continue
		}
		offset := int64(n) * partSize
		if offset > end {
			missing = append(missing, tranship.Range{Offset: end, Length: offset - end})
		}
		data = append(data, part...)
		end = offset + int64(len(part))
	}
	switch {
	case end > size:
		return nil, &tranship.InvalidError{Field: "size", Rule: "the size must not be less than what was written"}
	case end < size:
		missing = append(missing, tranship.Range{Offset: end, Length: size - end})
	}
	if missing != nil {
		return nil, &tranship.IncompleteError{Missing: missing}
	}
	return data, nil
}

// Abort implements tranship.Upload.
func (u *upload) Abort(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ended, u.parts = true, nil
	return nil
}

// Detach implements tranship.Upload. It is Abort, because uploads cannot be resumed.
func (u *upload) Detach(ctx context.Context) error { return u.Abort(ctx) }

// partWriter writes a part to memory. The upload's mu guards its fields.
type partWriter struct {
	ctx    context.Context
	upload *upload
	n      int
	space  int64
	data   []byte
	closed bool
}

// Write implements tranship.PartWriter.
func (w *partWriter) Write(data []byte) (int, error) {
	w.upload.mu.Lock()
	defer w.upload.mu.Unlock()
	if err := w.upload.aliveLocked(w.ctx); err != nil {
		return 0, err
	}
	if w.closed || w.upload.parts[w.n] != w {
		return 0, fmt.Errorf("%w: the writer of part %d has ended", tranship.ErrAborted, w.n)
	}
	if int64(len(w.data)+len(data)) > w.space {
		return 0, &tranship.InvalidError{Field: "data", Rule: "the bytes must not reach beyond the end of the part or the file"}
	}
	w.data = append(w.data, data...)
	return len(data), nil
}

// Close implements tranship.PartWriter.
func (w *partWriter) Close() error {
	w.upload.mu.Lock()
	defer w.upload.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	err := w.ctx.Err()
	if err != nil {
		w.data = nil // the part is missing
	}
	return err
}
