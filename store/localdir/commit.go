package localdir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/tranship/tranship"
)

// Commit implements tranship.Upload.
func (u *upload) Commit(_ context.Context, commit tranship.Commit) (tranship.File, error) {
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
	return u.finish(commit.Size, crc)
}

// sum is the checksum of a file of that size, if every byte of it is there.
func (u *upload) sum(size int64) (crc uint32, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := u.open(); err != nil {
		return 0, err
	}
	var missing []tranship.Range
	n, found := 0, 0
	for start := int64(0); start < size; start += u.partSize {
		length := min(u.partSize, size-start)
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
func (u *upload) finish(size int64, crc uint32) (tranship.File, error) {
	if err := u.attributes(); err != nil {
		return tranship.File{}, targetError(err)
	}
	if u.isSynced() {
		if err := u.file.Sync(); err != nil {
			return tranship.File{}, targetError(err)
		}
	}
	info, err := u.file.Stat()
	if err != nil {
		return tranship.File{}, targetError(err)
	}
	if err := u.root.place(u.dir, u.temporary, u.name, u.spec.Precondition); err != nil {
		u.mu.Lock()
		u.unplaceable = errors.Is(err, tranship.ErrExists)
		u.mu.Unlock()
		return tranship.File{}, err
	}
	u.end()
	if u.partial != nil {
		// Without its partial file it means nothing.
		_ = u.dir.Remove(u.partial.journal)
	} else {
		u.dir.removePartials(u.name)
	}
	defer u.close()
	if u.isSynced() {
		if err := u.root.sync(u.dir); err != nil {
			return tranship.File{}, err
		}
	}
	file := fileOf(u.spec.Path, info)
	file.Size, file.CRC32C = size, &crc
	return file, nil
}

func (u *upload) attributes() error {
	mode := u.mode
	if u.spec.Attributes.Mode != nil {
		mode = *u.spec.Attributes.Mode
	}
	return u.dir.setAttributes(u.file, u.temporary, &mode, u.spec.Attributes.ModTime)
}

// setAttributes sets the mode and modified time of a new file, those that are not nil.
// There are file systems on which all files belong to another user, who alone may do
// that: there, a file has the mode and time that the file system gives it.
func (d *openDirectory) setAttributes(file *os.File, name string, mode *fs.FileMode, modified *time.Time) error {
	var chmod, chtimes error
	if mode != nil {
		chmod = file.Chmod(*mode)
	}
	if modified != nil {
		chtimes = d.Chtimes(file, name, *modified)
	}
	for _, err := range []error{chmod, chtimes} {
		if err != nil && !errors.Is(err, syscall.EPERM) {
			return err
		}
	}
	return nil
}
