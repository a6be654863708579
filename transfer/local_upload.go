package transfer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path"
	"slices"
	"sync"

	"github.com/tranship/tranship"
)

const (
	temporaryPrefix = ".tranship-"
	temporarySuffix = ".tmp"

	leastLocalPart = 1 << 20
	mostLocalPart  = 64 << 20
)

// localUpload is an upload into a Dir: one temporary file.
type localUpload struct {
	dir       *Dir
	spec      tranship.Spec
	partSize  int64
	temporary string
	file      *os.File
	// partial is nil when the upload is not resumable.
	partial *partial
	// writing is held while file is written to.
	writing sync.Mutex

	mu    sync.Mutex
	ended bool
	parts map[int]*localPart
	// unsynced are the whole parts that the journal does not have yet, with
	// unsyncedBytes. failure is why it never will.
	unsynced      []*localPart
	unsyncedBytes int64
	failure       error
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
	u := &localUpload{dir: d, spec: spec, partSize: mostLocalPart, parts: map[int]*localPart{}}
	if spec.Size != nil {
		u.spec.Size = new(*spec.Size)
		u.partSize = tranship.PartSizeFor(spec.Size, leastLocalPart, mostLocalPart)
	}
	// What has a mode is nobody else's to read before it has that mode.
	mode := fs.FileMode(0o666)
	if spec.Attributes.Mode != nil {
		mode = 0o600
	}
	if spec.ResumeKey != "" && *spec.Size > 0 {
		err := d.resume(u, mode)
		if err == nil || !errors.Is(err, errBusy) {
			return u, err
		}
	}
	u.temporary = temporaryName(spec.Path)
	file, err := d.root.OpenFile(u.temporary, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, localError(err)
	}
	u.file = file
	return u, nil
}

// temporaryName is short whatever the length of the file's own name, and not the
// same twice: two copies to one target must not write into each other.
func temporaryName(name string) string { return path.Join(path.Dir(name), temporaryBase(name)) }

// temporaryBase is the last segment of temporaryName.
func temporaryBase(name string) string {
	sum := sha256.Sum256([]byte(name))
	return temporaryPrefix + hex.EncodeToString(sum[:4]) + "-" + rand.Text()[:10] + temporarySuffix
}

// resume makes u an upload into the partial file of its path, in place of an older
// one.
func (d *Dir) resume(u *localUpload, mode fs.FileMode) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if older := d.resumable[u.spec.Path]; older != nil {
		older.letGo()
	}
	partial, err := d.openPartial(u.spec, u.partSize, mode)
	if err != nil {
		return err
	}
	u.partial, u.temporary, u.file = partial, partial.name, partial.file
	for n, crc := range partial.parts {
		start := int64(n) * u.partSize
		length := min(u.partSize, *u.spec.Size-start)
		u.parts[n] = &localPart{
			upload: u, n: n, start: start, limit: length, durable: true, ended: true, written: length, crc: crc,
		}
	}
	partial.parts = nil
	if d.resumable == nil {
		d.resumable = map[string]*localUpload{}
	}
	d.resumable[u.spec.Path] = u
	return nil
}

// ID implements tranship.Upload.
func (u *localUpload) ID() string { return u.temporary }

// Epoch implements tranship.Upload.
func (u *localUpload) Epoch() uint64 {
	if u.partial == nil {
		return 1
	}
	return u.partial.epoch
}

// PartSize implements tranship.Upload.
func (u *localUpload) PartSize() int64 { return u.partSize }

// Discarded is how much was kept of something else, and why it could not be used;
// nil if there was nothing.
func (u *localUpload) Discarded() (int64, error) {
	if u.partial == nil {
		return 0, nil
	}
	return u.partial.discarded, u.partial.why
}

// Durable implements tranship.Upload. It is what the journal has.
func (u *localUpload) Durable() []tranship.Range {
	u.mu.Lock()
	defer u.mu.Unlock()
	var ranges []tranship.Range
	for _, n := range slices.Sorted(maps.Keys(u.parts)) {
		if p := u.parts[n]; p.durable {
			ranges = append(ranges, tranship.Range{Offset: p.start, Length: p.limit, CRC32C: new(p.crc)})
		}
	}
	return ranges
}

// ReadPart implements readBack.
func (u *localUpload) ReadPart(n int) io.Reader {
	start := int64(n) * u.partSize
	return io.NewSectionReader(u.file, start, min(u.partSize, *u.spec.Size-start))
}

// Part implements tranship.Upload.
func (u *localUpload) Part(_ context.Context, n int) (tranship.PartWriter, error) {
	if n < 0 || int64(n) > math.MaxInt64/u.partSize-1 {
		return nil, &tranship.InvalidError{Field: "part", Rule: "a part must be within the file"}
	}
	start, limit := int64(n)*u.partSize, u.partSize
	if u.spec.Size != nil {
		limit = min(limit, *u.spec.Size-start)
	}
	if limit <= 0 {
		return nil, &tranship.InvalidError{Field: "part", Rule: "a part must be within the file"}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := u.open(); err != nil {
		return nil, err
	}
	if older := u.parts[n]; older != nil {
		older.end()
		if err := u.void(older); err != nil {
			return nil, err
		}
	}
	part := &localPart{upload: u, n: n, start: start, limit: limit}
	u.parts[n] = part
	return part, nil
}

// open fails when nothing can be written any more.
func (u *localUpload) open() error {
	if u.ended {
		return fmt.Errorf("%w: the upload has ended", tranship.ErrAborted)
	}
	return u.failure
}

// CopyPart implements tranship.Upload.
func (u *localUpload) CopyPart(context.Context, int, string, tranship.OpenOptions) error {
	return fmt.Errorf("%w: a local directory does not copy parts of files", tranship.ErrUnsupported)
}

// Abort implements tranship.Upload.
func (u *localUpload) Abort(context.Context) error {
	if !u.end() {
		return nil
	}
	defer u.close()
	return u.remove()
}

// Detach implements tranship.Upload. What has no whole part is not worth keeping.
func (u *localUpload) Detach(ctx context.Context) error {
	if u.partial == nil {
		return u.Abort(ctx)
	}
	err := u.Sync(ctx)
	kept := len(u.Durable()) > 0
	if !u.end() {
		return nil
	}
	defer u.close()
	if err == nil && !kept {
		return u.remove()
	}
	return err
}

// letGo ends the upload in favour of a newer one. The caller holds the directory's
// lock.
func (u *localUpload) letGo() {
	if u.end() {
		u.closeFiles()
	}
}

// end lets nothing follow, and reports whether that was not so before.
func (u *localUpload) end() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return false
	}
	u.ended = true
	for _, part := range u.parts {
		part.end()
	}
	return true
}

// close closes the files of an upload that has ended, and forgets it.
func (u *localUpload) close() {
	u.closeFiles()
	u.dir.mu.Lock()
	defer u.dir.mu.Unlock()
	if u.dir.resumable[u.spec.Path] == u {
		delete(u.dir.resumable, u.spec.Path)
	}
}

func (u *localUpload) closeFiles() {
	if u.partial != nil {
		u.partial.close()
	} else {
		_ = u.file.Close()
	}
}

// remove removes the temporary file, and what belongs to it. The journal goes last:
// whoever finds it without a partial file begins anew.
func (u *localUpload) remove() error {
	names := []string{u.temporary}
	if u.partial != nil {
		names = append(names, u.partial.journal)
	}
	var errs []error
	for _, name := range names {
		if err := u.dir.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, localError(err))
		}
	}
	return errors.Join(errs...)
}
