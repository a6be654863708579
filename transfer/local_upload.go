package transfer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"sync"
	"time"

	"github.com/tranship/tranship"
)

const (
	temporaryPrefix = ".tranship-"
	temporarySuffix = ".tmp"
	localPartBytes  = 64 << 20
)

// localUpload is an upload into a Dir: one temporary file.
type localUpload struct {
	dir       *Dir
	spec      tranship.Spec
	temporary string
	file      *os.File

	mu    sync.Mutex
	ended bool
	parts map[int]*localPart
}

func (d *Dir) begin(spec tranship.Spec) (*localUpload, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	if err := d.vacant(spec.Path, spec.Precondition); err != nil {
		return nil, err
	}
	if err := d.parents(spec.Path); err != nil {
		return nil, err
	}
	u := &localUpload{dir: d, spec: spec, temporary: temporaryName(spec.Path), parts: map[int]*localPart{}}
	// What has a mode is nobody else's to read before it has that mode.
	mode := fs.FileMode(0o666)
	if spec.Attributes.Mode != nil {
		mode = 0o600
	}
	file, err := d.root.OpenFile(u.temporary, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, localError(err)
	}
	u.file = file
	return u, nil
}

// temporaryName is short whatever the length of the file's own name, and not the
// same twice: two copies to one target must not write into each other.
func temporaryName(name string) string {
	sum := sha256.Sum256([]byte(name))
	return path.Join(path.Dir(name), temporaryPrefix+hex.EncodeToString(sum[:4])+"-"+rand.Text()[:10]+temporarySuffix)
}

// ID implements tranship.Upload.
func (u *localUpload) ID() string { return u.temporary }

// Epoch implements tranship.Upload.
func (u *localUpload) Epoch() uint64 { return 1 }

// Durable implements tranship.Upload.
func (u *localUpload) Durable() []tranship.Range { return nil }

// Sync implements tranship.Upload.
func (u *localUpload) Sync(context.Context) error { return nil }

// CopyPart implements tranship.Upload.
func (u *localUpload) CopyPart(context.Context, int, string, tranship.OpenOptions) error {
	return fmt.Errorf("%w: a local directory does not copy parts of files", tranship.ErrUnsupported)
}

// PartSize implements tranship.Upload.
func (u *localUpload) PartSize() int64 { return localPartBytes }

// Part implements tranship.Upload.
func (u *localUpload) Part(_ context.Context, n int) (tranship.PartWriter, error) {
	if n < 0 || int64(n) > math.MaxInt64/localPartBytes-1 {
		return nil, &tranship.InvalidError{Field: "part", Rule: "a part must be within the file"}
	}
	start := int64(n) * localPartBytes
	limit := int64(localPartBytes)
	if u.spec.Size != nil {
		limit = min(limit, *u.spec.Size-start)
	}
	if limit <= 0 {
		return nil, &tranship.InvalidError{Field: "part", Rule: "a part must be within the file"}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return nil, fmt.Errorf("%w: the upload has ended", tranship.ErrAborted)
	}
	if older := u.parts[n]; older != nil {
		older.end()
	}
	part := &localPart{file: u.file, start: start, limit: limit}
	u.parts[n] = part
	return part, nil
}

// Commit implements tranship.Upload.
func (u *localUpload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	if u.spec.Size != nil && *u.spec.Size != commit.Size {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "the size at commit must be that of the beginning"}
	}
	crc, err := u.sum(commit.Size)
	if err != nil {
		return tranship.File{}, err
	}
	if commit.CRC32C != nil && *commit.CRC32C != crc {
		return tranship.File{}, fmt.Errorf("%w: what was written has CRC32C %08x, and should have %08x", tranship.ErrIntegrity, crc, *commit.CRC32C)
	}
	return u.finish(ctx, commit.Size, crc)
}

// sum is the checksum of a file of that size, if every byte of it is there.
func (u *localUpload) sum(size int64) (crc uint32, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return 0, fmt.Errorf("%w: the upload has ended", tranship.ErrAborted)
	}
	var missing []tranship.Range
	n, found := 0, 0
	for start := int64(0); start < size; start += localPartBytes {
		length := min(localPartBytes, size-start)
		var written int64
		if part := u.parts[n]; part != nil {
			found++
			var sum uint32
			written, sum = part.sum()
			crc = tranship.CombineCRC32C(crc, sum, written)
		}
		if written > length {
			return 0, &tranship.InvalidError{Field: "size", Rule: "the size at commit must be that of what was written"}
		}
		if written < length {
			missing = append(missing, tranship.Range{Offset: start + written, Length: length - written})
		}
		n++
	}
	if len(missing) > 0 {
		return 0, &tranship.IncompleteError{Missing: missing}
	}
	if found < len(u.parts) {
		return 0, &tranship.InvalidError{Field: "size", Rule: "the size at commit must be that of what was written"}
	}
	return crc, nil
}

// finish gives the file its attributes and its name.
func (u *localUpload) finish(_ context.Context, size int64, crc uint32) (tranship.File, error) {
	name := u.spec.Path
	if err := u.attributes(); err != nil {
		return tranship.File{}, localError(err)
	}
	durable := u.spec.Durability == tranship.DurabilityDurable
	if durable {
		if err := u.file.Sync(); err != nil {
			return tranship.File{}, localError(err)
		}
	}
	info, err := u.file.Stat()
	if err != nil {
		return tranship.File{}, localError(err)
	}
	if err := u.rename(); err != nil {
		return tranship.File{}, err
	}
	u.mu.Lock()
	u.ended = true
	u.mu.Unlock()
	_ = u.file.Close()
	if durable {
		if err := u.dir.sync(name); err != nil {
			return tranship.File{}, err
		}
	}
	file := fileOf(name, info)
	file.Size, file.CRC32C = size, &crc
	return file, nil
}

func (u *localUpload) attributes() error {
	if mode := u.spec.Attributes.Mode; mode != nil {
		if err := u.file.Chmod(*mode); err != nil {
			return err
		}
	}
	if t := u.spec.Attributes.ModTime; t != nil {
		return u.dir.root.Chtimes(u.temporary, time.Time{}, *t)
	}
	return nil
}

// rename makes the file visible, all at once.
func (u *localUpload) rename() error {
	root, name := u.dir.root, u.spec.Path
	if err := u.dir.vacant(name, u.spec.Precondition); err != nil {
		return err
	}
	if !u.spec.Precondition.MustNotExist {
		if err := root.Rename(u.temporary, name); err != nil {
			return localError(err)
		}
		return nil
	}
	// A link, unlike a rename, fails when there is something.
	if err := root.Link(u.temporary, name); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%w: %s", tranship.ErrExists, name)
		}
		return localError(err)
	}
	_ = root.Remove(u.temporary)
	return nil
}

// Abort implements tranship.Upload.
func (u *localUpload) Abort(context.Context) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return nil
	}
	u.ended = true
	for _, part := range u.parts {
		part.end()
	}
	_ = u.file.Close()
	if err := u.dir.root.Remove(u.temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return localError(err)
	}
	return nil
}

// Detach implements tranship.Upload.
func (u *localUpload) Detach(ctx context.Context) error { return u.Abort(ctx) }

// localPart writes one part of a temporary file.
type localPart struct {
	file         *os.File
	start, limit int64

	mu      sync.Mutex
	ended   bool
	written int64
	crc     uint32
}

// Write implements io.Writer.
func (p *localPart) Write(data []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return 0, fmt.Errorf("%w: the writer has ended", tranship.ErrAborted)
	}
	if int64(len(data)) > p.limit-p.written {
		return 0, &tranship.InvalidError{Field: "size", Rule: "there must be no more bytes than were declared"}
	}
	n, err := p.file.WriteAt(data, p.start+p.written)
	p.crc = tranship.UpdateCRC32C(p.crc, data[:n])
	p.written += int64(n)
	if err != nil {
		return n, localError(err)
	}
	return n, nil
}

// Close implements tranship.PartWriter.
func (p *localPart) Close() error {
	p.end()
	return nil
}

// end waits for a Write under way and lets none follow.
func (p *localPart) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
}

func (p *localPart) sum() (int64, uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.written, p.crc
}
