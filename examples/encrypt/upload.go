package encrypt

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/tranship/tranship"
)

// upload encrypts the parts of an upload to the inner store. Each part is a part of the
// inner upload, which has as many whole records as fit.
type upload struct {
	inner  tranship.Upload
	sealer *sealer
	// crc is the checksum in the spec; nil for none.
	crc *uint32

	// mu guards the rest.
	mu sync.Mutex
	// parts has the state of each part, as its newest writer has written it.
	parts map[int]*part
	ended bool
}

// part has the number and the checksum of the plain bytes that were written to a part.
type part struct {
	length int64
	crc    uint32
}

var _ tranship.Wrapper = (*upload)(nil)

// Unwrap implements tranship.Wrapper.
func (u *upload) Unwrap() any { return u.inner }

// Passes implements tranship.Wrapper. Hints about encrypted bytes are good enough for plain
// ones.
func (u *upload) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.WidthHinter, *tranship.ChunkSizeHinter:
		return true
	}
	return false
}

// Begin implements tranship.Writer. It ignores the ResumeKey: the upload is always new.
func (s *store) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	spec.ResumeKey = ""
	u := &upload{sealer: s.newSealer(nil), parts: map[int]*part{}}
	if spec.Size != nil {
		if *spec.Size > maxSize {
			return nil, &tranship.InvalidError{Field: "size", Rule: "an encrypted file must have less than 2^62 bytes"}
		}
		u.sealer.size = new(*spec.Size)
		spec.Size = new(sealedSize(*spec.Size))
	}
	if spec.CRC32C != nil {
		u.crc, spec.CRC32C = new(*spec.CRC32C), nil // the inner store has other bytes
	}
	var err error
	if u.inner, err = s.inner.Begin(ctx, spec); err != nil {
		return nil, err
	}
	if size := u.inner.PartSize(); size%recordBytes != 0 {
		_ = u.inner.Abort(context.WithoutCancel(ctx)) // if it fails, the upload expires
		return nil, fmt.Errorf("%w: parts of %d bytes cannot be encrypted: they must be a multiple of %d", tranship.ErrUnsupported, size, recordBytes)
	}
	return u, nil
}

// ID implements tranship.Upload.
func (u *upload) ID() string { return u.inner.ID() }

// Epoch implements tranship.Upload.
func (u *upload) Epoch() uint64 { return 1 }

// PartSize implements tranship.Upload.
func (u *upload) PartSize() int64 { return u.inner.PartSize() / recordBytes * plainBytes }

// Durable implements tranship.Upload.
func (u *upload) Durable() []tranship.Range { return nil }

// Sync implements tranship.Upload.
func (u *upload) Sync(ctx context.Context) error { return ctx.Err() }

// CopyPart implements tranship.Upload.
func (u *upload) CopyPart(context.Context, int, string, tranship.OpenOptions) error {
	return fmt.Errorf("%w: parts of encrypted files cannot be copied", tranship.ErrUnsupported)
}

// Part implements tranship.Upload.
func (u *upload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	u.mu.Lock() // held during Part, so that both uploads have the same newest writer
	defer u.mu.Unlock()
	inner, err := u.inner.Part(ctx, n)
	if err != nil {
		return nil, err
	}
	space := u.PartSize()
	if size := u.sealer.size; size != nil {
		space = min(space, *size-int64(n)*u.PartSize())
	}
	written := &part{}
	u.parts[n] = written
	return &partWriter{
		ctx: ctx, inner: inner, upload: u, part: written, space: space,
		index: int64(n) * (u.inner.PartSize() / recordBytes), plain: make([]byte, 0, plainBytes),
	}, nil
}

// Commit implements tranship.Upload.
func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	if err := u.check(commit); err != nil {
		return tranship.File{}, err
	}
	file, err := plain(u.inner.Commit(ctx, tranship.Commit{Size: sealedSize(commit.Size), Attributes: commit.Attributes}))
	if err == nil {
		u.markEnded()
	}
	return file, err
}

// check returns an error if the bytes that were written are not those of the commit.
func (u *upload) check(commit tranship.Commit) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return fmt.Errorf("%w: the upload has ended", tranship.ErrAborted)
	}
	if size := u.sealer.size; commit.Size < 0 || size != nil && *size != commit.Size {
		return &tranship.InvalidError{Field: "size", Rule: "the size must be the one that the upload was begun with"}
	}
	var missing []tranship.Range
	var end int64
	var crc uint32
	for _, n := range slices.Sorted(maps.Keys(u.parts)) {
		written, offset := u.parts[n], int64(n)*u.PartSize()
		if written.length == 0 {
			continue
		}
		if offset > end {
			missing = append(missing, tranship.Range{Offset: end, Length: offset - end})
		}
		end = offset + written.length
		crc = tranship.CombineCRC32C(crc, written.crc, written.length)
	}
	switch {
	case end > commit.Size:
		return &tranship.InvalidError{Field: "size", Rule: "the size must not be less than what was written"}
	case end < commit.Size:
		missing = append(missing, tranship.Range{Offset: end, Length: commit.Size - end})
	}
	if missing != nil {
		return &tranship.IncompleteError{Missing: missing}
	}
	for _, want := range []*uint32{commit.CRC32C, u.crc} {
		if want != nil && *want != crc {
			return wrongChecksum(crc, *want)
		}
	}
	return nil
}

func (u *upload) markEnded() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ended = true
}

// Abort implements tranship.Upload.
func (u *upload) Abort(ctx context.Context) error {
	err := u.inner.Abort(ctx)
	if err == nil {
		u.markEnded()
	}
	return err
}

// Detach implements tranship.Upload. It is Abort, because uploads cannot be resumed.
func (u *upload) Detach(ctx context.Context) error { return u.Abort(ctx) }
