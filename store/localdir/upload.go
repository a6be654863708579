package localdir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/partfile"
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
	temporary string
	// parts are those of the temporary file. Their Gate guards ended.
	parts *partfile.File
	// mode is what the file gets if the spec has none.
	mode fs.FileMode
	// partial is nil when the upload is not resumable.
	partial *partial
	closing sync.Once

	ended bool
	// unplaceable: something else has the file's name, so that it is not worth keeping.
	unplaceable atomic.Bool
}

// ID implements tranship.Upload.
func (u *upload) ID() string { return join(u.dir.path, u.temporary) }

// Epoch implements tranship.Upload.
func (u *upload) Epoch() uint64 {
	if u.partial == nil {
		return 1
	}
	return u.partial.header.epoch
}

// PartSize implements tranship.Upload.
func (u *upload) PartSize() int64 { return u.parts.PartSize() }

// Discarded is how much was kept of something else, and why it could not be used;
// nil if there was nothing.
func (u *upload) Discarded() (int64, error) {
	if u.partial == nil {
		return 0, nil
	}
	return u.partial.discarded, u.partial.why
}

// isSynced: what counts as durable must have been synced.
func (u *upload) isSynced() bool { return u.spec.Durability == tranship.DurabilityDurable }

// Durable implements tranship.Upload. It is what the journal has, and nothing after the
// file's name turned out to be taken.
func (u *upload) Durable() []tranship.Range {
	if u.unplaceable.Load() {
		return nil
	}
	u.parts.Gate.RLock()
	defer u.parts.Gate.RUnlock()
	return u.parts.DurableParts()
}

// ReadPart reads what is in the file of part n, so that a caller can prove it.
func (u *upload) ReadPart(n int) io.Reader {
	u.parts.Gate.RLock()
	defer u.parts.Gate.RUnlock()
	return u.parts.ReadPart(int64(n))
}

// Part implements tranship.Upload.
func (u *upload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	number := int64(n)
	if err := u.parts.AdmitPart(number); err != nil {
		return nil, err
	}
	if u.spec.Size != nil && number*u.parts.PartSize() >= *u.spec.Size {
		return nil, &tranship.InvalidError{Field: "part", Rule: "a part must be within the file"}
	}
	writer, err := u.parts.Part(ctx, number, u.writable)
	if err != nil {
		return nil, err
	}
	return writer, nil
}

// writable is why nothing can be written any more. The caller holds the Gate.
func (u *upload) writable() error {
	if u.ended {
		return fmt.Errorf("%w: the upload has ended", tranship.ErrAborted)
	}
	return u.parts.Failure()
}

// Sync implements tranship.Upload.
func (u *upload) Sync(context.Context) error {
	u.parts.Gate.RLock()
	defer u.parts.Gate.RUnlock()
	if u.partial == nil || u.ended {
		return nil
	}
	return u.parts.Flush()
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

// end waits for writes under way and lets none follow. It reports whether the upload had
// not ended before.
func (u *upload) end() bool {
	u.parts.Gate.Lock()
	defer u.parts.Gate.Unlock()
	ended := u.ended
	u.ended = true
	return !ended
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
		u.parts.Gate.Lock()
		defer u.parts.Gate.Unlock()
		_ = u.parts.Close() // which lets go of the locks
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
