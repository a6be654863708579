package localdir

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/filetime"
)

// Commit implements tranship.Upload.
func (u *upload) Commit(_ context.Context, commit tranship.Commit) (tranship.File, error) {
	if commit.Size < 0 || u.spec.Size != nil && *u.spec.Size != commit.Size {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "the size at commit must be that of the beginning"}
	}
	if err := commit.Attributes.Validate(); err != nil {
		return tranship.File{}, err
	}
	file, placed, err := u.commit(commit)
	if placed {
		// close takes the lock of the directory, so the Gate must not be held: a newer
		// upload waits for the Gate while it holds that lock.
		u.close()
	}
	return file, err
}

// commit makes the parts a file if no byte is missing. placed reports whether the file has
// its name; then the upload has ended, with or without an error.
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
	for _, want := range []*uint32{commit.CRC32C, u.spec.CRC32C} {
		if want != nil && *want != crc {
			return tranship.File{}, false, failure.WrongChecksum(u.spec.Path, crc, *want)
		}
	}
	if err := u.parts.Trim(commit.Size); err != nil {
		return tranship.File{}, false, err
	}
	info, err := u.finish(u.parts.Data(), u.spec.Attributes.Override(commit.Attributes))
	if err != nil {
		return tranship.File{}, false, targetError(err)
	}
	if err := u.root.place(u.dir, u.temporary, u.name, u.spec.Precondition); err != nil {
		u.unplaceable.Store(errors.Is(err, tranship.ErrExists))
		return tranship.File{}, false, err
	}
	u.ended = true
	if u.partial != nil {
		// A journal without its partial file has no meaning.
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

// finish sets the attributes of the file, syncs it if the spec asks for that, and describes
// it.
func (u *upload) finish(file *os.File, attributes tranship.Attributes) (fs.FileInfo, error) {
	mode := u.mode
	if attributes.Mode != nil {
		mode = *attributes.Mode
	}
	info, err := u.dir.setAttributes(file, u.temporary, &mode, attributes.ModTime)
	if err != nil {
		return nil, err
	}
	if u.isSynced() {
		if err := file.Sync(); err != nil {
			return nil, err
		}
	}
	return info, nil
}

// setAttributes sets the mode and the modified time of a new file, if they are not nil, and
// describes the file. On some file systems all files belong to another user, and only that user
// can set them, and others have no modes or keep no times: there, a file keeps the mode and
// time that the file system gives it.
func (d *openDirectory) setAttributes(file *os.File, name string, mode *fs.FileMode, modified *time.Time) (fs.FileInfo, error) {
	if mode != nil {
		if err := file.Chmod(*mode); err != nil && !filetime.IsRefused(err) {
			return nil, err
		}
	}
	if modified == nil {
		return file.Stat()
	}
	info, timed, err := d.setTime(file, name, *modified)
	if err != nil {
		return nil, err
	}
	return info, checkTime(info, modified, timed)
}
