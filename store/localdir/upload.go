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

// upload is an upload into a Dir. It writes one temporary file.
type upload struct {
	root *Dir
	// dir is the directory of the file, and name is its name there. dir is open until the
	// upload ends.
	dir       *openDirectory
	name      string
	spec      tranship.Spec
	temporary string
	// parts are the parts of the temporary file. Their Gate guards ended.
	parts *partfile.File
	// mode is the mode of the file if the spec has none.
	mode fs.FileMode
	// partial is nil if the upload is not resumable.
	partial *partial
	closing sync.Once

	ended bool
	// unplaceable is true once Commit has found that the name is taken, so that the parts
	// are not worth keeping.
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

// Discarded returns how many bytes of another upload were there and could not be used, and
// the reason; nil if there were none.
func (u *upload) Discarded() (int64, error) {
	if u.partial == nil {
		return 0, nil
	}
	return u.partial.discarded, u.partial.why
}

// isSynced reports whether bytes have to be synced before they count as durable.
func (u *upload) isSynced() bool { return u.spec.Durability == tranship.DurabilityDurable }

// Durable implements tranship.Upload. It returns the parts that the journal has, and none
// once Commit has found that the name of the file is taken.
func (u *upload) Durable() []tranship.Range {
	if u.unplaceable.Load() {
		return nil
	}
	u.parts.Gate.RLock()
	defer u.parts.Gate.RUnlock()
	return u.parts.DurableParts()
}

// ReadPart reads part n from the temporary file, so that a caller can verify it.
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

// writable fails if nothing can be written any more. The caller holds the Gate.
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

// Detach implements tranship.Upload. It removes an upload that has no durable part.
func (u *upload) Detach(ctx context.Context) error {
	if u.partial == nil || u.spec.Transient {
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

// letGo ends the upload because a newer one takes its place. The caller holds the lock of
// the Dir.
func (u *upload) letGo() {
	if u.end() {
		u.closeFiles()
	}
}

// end waits for writes that are under way, and ends the upload. It reports whether the
// upload had not ended before.
func (u *upload) end() bool {
	u.parts.Gate.Lock()
	defer u.parts.Gate.Unlock()
	ended := u.ended
	u.ended = true
	return !ended
}

// close closes the files of an upload that has ended, and takes the upload out of the Dir.
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
		_ = u.parts.Close() // which releases the locks
		_ = u.dir.Close()
	})
}

// remove removes the temporary file, and then its journal. An upload that finds a journal
// without a partial file begins anew.
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
