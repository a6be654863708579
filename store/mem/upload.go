package mem

import (
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/tranship/tranship"
)

// upload implements tranship.Upload. Its lock is taken before the store's.
type upload struct {
	store    *Store
	spec     tranship.Spec
	id       string
	partSize int64

	mu sync.Mutex
	// parts holds what was written of each part; nil after Commit and Abort.
	parts map[int]*part
}

// part is what one writer has written. A writer whose part is no longer the
// upload's has been ended.
type part struct {
	data []byte
	crc  uint32
}

func newUpload(store *Store, spec tranship.Spec) *upload {
	u := &upload{store: store, spec: spec, id: rand.Text(), partSize: store.PartSize, parts: make(map[int]*part)}
	if u.partSize <= 0 {
		u.partSize = DefaultPartSize
	}
	// The caller may change what its spec points to.
	if spec.Size != nil {
		u.spec.Size = new(*spec.Size)
	}
	if spec.Attributes.ModTime != nil {
		u.spec.Attributes.ModTime = new(*spec.Attributes.ModTime)
	}
	if spec.Attributes.Mode != nil {
		u.spec.Attributes.Mode = new(*spec.Attributes.Mode)
	}
	u.spec.Attributes.Metadata = maps.Clone(spec.Attributes.Metadata)
	return u
}

func (u *upload) ID() string { return u.id }

func (u *upload) PartSize() int64 { return u.partSize }

// Part implements tranship.Upload. The context governs the writing, too.
func (u *upload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	size := int64(math.MaxInt64)
	if u.spec.Size != nil {
		size = *u.spec.Size
	}
	if n < 0 || int64(n) > size/u.partSize {
		return nil, &tranship.InvalidError{Field: "part", Rule: "a part's number must not be negative or beyond the upload's size"}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if u.parts == nil {
		return nil, u.aborted()
	}
	w := &writer{ctx: ctx, upload: u, n: n, part: new(part), most: min(u.partSize, size-int64(n)*u.partSize)}
	u.parts[n] = w.part
	return w, nil
}

func (u *upload) aborted() error {
	return fmt.Errorf("%w: the upload of %s was ended", tranship.ErrAborted, u.spec.Path)
}

// Commit implements tranship.Upload.
func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.parts == nil {
		return tranship.File{}, fmt.Errorf("%w: the upload of %s", tranship.ErrNotFound, u.spec.Path)
	}
	if commit.Size < 0 || u.spec.Size != nil && *u.spec.Size != commit.Size {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "the size must be the one that the upload was begun with"}
	}
	data, crc, err := u.assemble(commit.Size)
	if err != nil {
		return tranship.File{}, err
	}
	if commit.CRC32C != nil && *commit.CRC32C != crc {
		return tranship.File{}, fmt.Errorf("%w: %s has CRC32C %08x, not %08x", tranship.ErrIntegrity, u.spec.Path, crc, *commit.CRC32C)
	}
	file, err := u.store.commit(ctx, u.spec, data, crc)
	if err != nil {
		return tranship.File{}, err
	}
	u.parts = nil
	return file, nil
}

// assemble puts the parts together to a file of size bytes, and their checksums to
// that of the file.
func (u *upload) assemble(size int64) (data []byte, crc uint32, err error) {
	var pieces [][]byte
	var missing []tranship.Range
	var end int64
	for _, n := range slices.Sorted(maps.Keys(u.parts)) {
		part := u.parts[n]
		length := int64(len(part.data))
		if length == 0 {
			continue
		}
		offset := int64(n) * u.partSize
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
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	u.parts = nil
	return nil
}

// writer implements tranship.PartWriter.
type writer struct {
	ctx    context.Context
	upload *upload
	n      int
	part   *part
	// most is how many bytes the part can have.
	most   int64
	closed bool
}

func (w *writer) Write(data []byte) (int, error) {
	w.upload.mu.Lock()
	defer w.upload.mu.Unlock()
	if w.closed {
		return 0, fs.ErrClosed
	}
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	if err := w.ended(); err != nil {
		return 0, err
	}
	if int64(len(data)) > w.most-int64(len(w.part.data)) {
		return 0, &tranship.InvalidError{Field: "data", Rule: "bytes must not go beyond the end of the part or the upload's size"}
	}
	w.part.data = append(w.part.data, data...)
	w.part.crc = tranship.UpdateCRC32C(w.part.crc, data)
	return len(data), nil
}

func (w *writer) Close() error {
	w.upload.mu.Lock()
	defer w.upload.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	return w.ended()
}

// ended tells whether the writer lost its part to a newer one, or to the end of
// the upload.
func (w *writer) ended() error {
	switch {
	case w.upload.parts == nil:
		return w.upload.aborted()
	case w.upload.parts[w.n] != w.part:
		return fmt.Errorf("%w: part %d of %s has a newer writer", tranship.ErrAborted, w.n, w.upload.spec.Path)
	}
	return nil
}
