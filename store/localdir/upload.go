package localdir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"
	"sync"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

const (
	leastPart = 1 << 20
	mostPart  = 64 << 20
)

// upload is an upload into a Dir: one temporary file.
type upload struct {
	root *Dir
	// dir is where the file goes, under name. It is open until the upload ends.
	dir       *openDirectory
	name      string
	spec      tranship.Spec
	partSize  int64
	temporary string
	file      *os.File
	// mode is what the file gets if the spec has none.
	mode fs.FileMode
	// partial is nil when the upload is not resumable.
	partial *partial
	// writing is held while file is written to.
	writing sync.Mutex
	closing sync.Once

	mu    sync.Mutex
	ended bool
	parts map[int]*partWriter
	// unsynced are the whole parts that the journal does not have yet, with
	// unsyncedBytes. failure is why it never will.
	unsynced      []*partWriter
	unsyncedBytes int64
	failure       error
	// unplaceable: something else has the file's name, so that it is not worth keeping.
	unplaceable bool
}

func (d *Dir) begin(spec tranship.Spec) (*upload, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	if spec.Precondition.MustMatchVersion != "" {
		return nil, errNoVersions
	}
	directory, name := rootfs.Split(spec.Path)
	dir, err := d.enter(directory, true)
	if err != nil {
		return nil, err
	}
	u := &upload{root: d, dir: dir, name: name, spec: spec, partSize: mostPart, parts: map[int]*partWriter{}}
	if err := u.begin(); err != nil {
		_ = dir.Close()
		return nil, err
	}
	return u, nil
}

// begin creates or opens the temporary file. No other user can read or write it before
// it has its mode.
func (u *upload) begin() error {
	if err := u.dir.checkTarget(u.name); err != nil {
		return err
	}
	info, err := u.dir.names.Lstat(u.name)
	if err := vacant(info, err, u.spec.Path, u.spec.Precondition); err != nil {
		return err
	}
	if err == nil {
		if err := u.root.checkSpelling(u.dir, u.name); err != nil {
			return err
		}
	}
	// It is claimed at commit, for whichever file is there first.
	release, err := u.root.claimSpelling(u.dir, u.name)
	release()
	if err != nil {
		return err
	}
	if u.spec.Size != nil {
		u.spec.Size = new(*u.spec.Size)
		u.partSize = tranship.PartSizeFor(u.spec.Size, leastPart, mostPart)
	}
	if u.spec.Attributes.Mode == nil {
		if u.mode, err = defaultMode(u.dir.Dir); err != nil {
			return targetError(err)
		}
	}
	if u.spec.ResumeKey != "" && *u.spec.Size > 0 {
		err := u.root.resume(u)
		if err == nil || !errors.Is(err, errBusy) {
			return err
		}
	}
	u.temporary, u.file, err = u.dir.createTemporary(u.name, 0o600)
	return err
}

// resume makes u an upload into the partial file of its path, in place of an older
// one.
func (d *Dir) resume(u *upload) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if older := d.resumable[u.spec.Path]; older != nil {
		older.letGo()
	}
	partial, err := u.dir.openPartial(u.spec, u.name, u.partSize)
	if err != nil {
		return err
	}
	u.partial, u.temporary, u.file = partial, partial.name, partial.file
	for n, crc := range partial.parts {
		start := int64(n) * u.partSize
		length := min(u.partSize, *u.spec.Size-start)
		u.parts[n] = &partWriter{
			upload: u, n: n, start: start, limit: length, durable: true, ended: true, written: length, crc: crc,
		}
	}
	partial.parts = nil
	if d.resumable == nil {
		d.resumable = map[string]*upload{}
	}
	d.resumable[u.spec.Path] = u
	return nil
}

// ID implements tranship.Upload.
func (u *upload) ID() string { return join(u.dir.path, u.temporary) }

// Epoch implements tranship.Upload.
func (u *upload) Epoch() uint64 {
	if u.partial == nil {
		return 1
	}
	return u.partial.epoch
}

// PartSize implements tranship.Upload.
func (u *upload) PartSize() int64 { return u.partSize }

// Discarded is how much was kept of something else, and why it could not be used;
// nil if there was nothing.
func (u *upload) Discarded() (int64, error) {
	if u.partial == nil {
		return 0, nil
	}
	return u.partial.discarded, u.partial.why
}

// Durable implements tranship.Upload. It is what the journal has, and nothing after the
// file's name turned out to be taken.
func (u *upload) Durable() []tranship.Range {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.unplaceable {
		return nil
	}
	var ranges []tranship.Range
	for _, n := range slices.Sorted(maps.Keys(u.parts)) {
		if p := u.parts[n]; p.durable {
			ranges = append(ranges, tranship.Range{Offset: p.start, Length: p.limit, CRC32C: new(p.crc)})
		}
	}
	return ranges
}

// ReadPart reads what is in the file of part n, so that a caller can prove it.
func (u *upload) ReadPart(n int) io.Reader {
	start := int64(n) * u.partSize
	return io.NewSectionReader(u.file, start, min(u.partSize, *u.spec.Size-start))
}

// Part implements tranship.Upload.
func (u *upload) Part(_ context.Context, n int) (tranship.PartWriter, error) {
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
	part := &partWriter{upload: u, n: n, start: start, limit: limit}
	u.parts[n] = part
	return part, nil
}

// open fails when nothing can be written any more.
func (u *upload) open() error {
	if u.ended {
		return fmt.Errorf("%w: the upload has ended", tranship.ErrAborted)
	}
	return u.failure
}

// CopyPart implements tranship.Upload.
func (u *upload) CopyPart(context.Context, int, string, tranship.OpenOptions) error {
	return fmt.Errorf("%w: a local directory does not copy parts of files", tranship.ErrUnsupported)
}

// Abort implements tranship.Upload.
func (u *upload) Abort(context.Context) error {
	if !u.end() {
		return nil
	}
	defer u.close()
	return u.remove()
}

// Detach implements tranship.Upload. What has no whole part is not worth keeping.
func (u *upload) Detach(ctx context.Context) error {
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
func (u *upload) letGo() {
	if u.end() {
		u.closeFiles()
	}
}

// end lets nothing follow, and reports whether that was not so before.
func (u *upload) end() bool {
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
func (u *upload) close() {
	u.closeFiles()
	u.root.mu.Lock()
	defer u.root.mu.Unlock()
	if u.root.resumable[u.spec.Path] == u {
		delete(u.root.resumable, u.spec.Path)
	}
}

func (u *upload) closeFiles() {
	u.closing.Do(func() {
		if u.partial != nil {
			u.partial.close()
		} else {
			_ = u.file.Close()
		}
		_ = u.dir.Close()
	})
}

// remove removes the temporary file, and what belongs to it. The journal goes last: an
// upload that finds it without a partial file begins anew.
func (u *upload) remove() error {
	names := []string{u.temporary}
	if u.partial != nil {
		names = append(names, u.partial.journal)
	}
	var errs []error
	for _, name := range names {
		if err := u.dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, targetError(err))
		}
	}
	return errors.Join(errs...)
}
