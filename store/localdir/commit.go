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
	if commit.Size < 0 || u.spec.Size != nil && *u.spec.Size != commit.Size {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "the size at commit must be that of the beginning"}
	}
	file, placed, err := u.commit(commit)
	if placed {
		// Not while the Gate is held: an upload that takes this one's place holds the lock
		// of the directory when it waits for the Gate.
		u.close()
	}
	return file, err
}

// commit makes the parts a file, if every byte of it is there. placed: the file has its
// name, and the upload has ended.
func (u *upload) commit(commit tranship.Commit) (file tranship.File, placed bool, err error) {
	u.parts.Gate.Lock()
	defer u.parts.Gate.Unlock()
	if err := u.writable(); err != nil {
		return tranship.File{}, false, err
	}
	crc, err := u.parts.Checksum(commit.Size)
	if err != nil {
		return tranship.File{}, false, err
	}
	if commit.CRC32C != nil && *commit.CRC32C != crc {
		return tranship.File{}, false, fmt.Errorf("%w: what was written has CRC32C %08x, and should have %08x", tranship.ErrIntegrity, crc, *commit.CRC32C)
	}
	if err := u.parts.Trim(commit.Size); err != nil {
		return tranship.File{}, false, err
	}
	info, err := u.finish(u.parts.Data())
	if err != nil {
		return tranship.File{}, false, targetError(err)
	}
	if err := u.root.place(u.dir, u.temporary, u.name, u.spec.Precondition); err != nil {
		u.unplaceable.Store(errors.Is(err, tranship.ErrExists))
		return tranship.File{}, false, err
	}
	u.ended = true
	if u.partial != nil {
		// Without its partial file it means nothing.
		_ = u.dir.Remove(u.partial.journal)
	} else {
		u.dir.removePartials(u.name)
	}
	if u.isSynced() {
		if err := u.root.sync(u.dir); err != nil {
			return tranship.File{}, true, err
		}
	}
	file = fileOf(u.spec.Path, info)
	file.Size, file.CRC32C = commit.Size, &crc
	return file, true, nil
}

// finish gives the file its attributes, syncs it if that was asked for, and describes it.
func (u *upload) finish(file *os.File) (fs.FileInfo, error) {
	mode := u.mode
	if u.spec.Attributes.Mode != nil {
		mode = *u.spec.Attributes.Mode
	}
	if err := u.dir.setAttributes(file, u.temporary, &mode, u.spec.Attributes.ModTime); err != nil {
		return nil, err
	}
	if u.isSynced() {
		if err := file.Sync(); err != nil {
			return nil, err
		}
	}
	return file.Stat()
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
