package localdir

import (
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// leftoverExpiry is the time after its last write at which an upload that no process
// writes to is removed from a directory, 7 days: as long as a server keeps an upload.
const leftoverExpiry = 7 * 24 * time.Hour

// Discard removes what unfinished uploads to a path have left beside it: the temporary and
// partial files of this user that no process writes to. It never removes the file at the
// path. It is for a file that will not be written again, because its source is gone.
func (d *Dir) Discard(path string) error {
	if err := tranship.ValidatePath(path); err != nil {
		return err
	}
	directory, name := rootfs.Split(d.local(path))
	dir, err := d.enter(directory, false)
	if errors.Is(err, tranship.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer dir.Close()
	dir.removeLeftovers(name)
	dir.removePartials(name)
	return nil
}

// expireLeftovers removes leftovers of all targets in a directory that have expired, the
// first time that it is called for the directory.
func (d *Dir) expireLeftovers(dir *openDirectory) {
	d.mu.Lock()
	known := d.swept[dir.path]
	if d.swept == nil {
		d.swept = map[string]bool{}
	}
	d.swept[dir.path] = true
	d.mu.Unlock()
	if known {
		return
	}
	entries, err := dir.ReadDir()
	if err != nil {
		return // those who cannot list a directory can still write to it
	}
	before := time.Now().Add(-leftoverExpiry)
	for _, entry := range entries {
		if isLeftoverName(entry.Name()) {
			dir.expire(entry.Name(), before)
		}
	}
}

// expire removes a leftover that was last written before a time. A partial file goes with
// its journal.
func (d *openDirectory) expire(name string, before time.Time) {
	if base, ok := strings.CutSuffix(name, partialSuffix); ok {
		if _, err := d.Lstat(base + journalSuffix); !errors.Is(err, fs.ErrNotExist) {
			return // its journal decides
		}
	}
	if !d.isOlder(name, before) {
		return
	}
	base, isJournal := strings.CutSuffix(name, journalSuffix)
	if isJournal && !d.isOlder(base+partialSuffix, before) {
		return
	}
	unused := d.lockUnused(name)
	if unused == nil {
		return
	}
	defer unused.Close()
	if isJournal {
		if info, err := d.Lstat(base + partialSuffix); err == nil && isOurs(d.Dir, info) {
			_ = d.Remove(base + partialSuffix)
		}
	}
	_ = d.Remove(name)
}

// isOlder reports whether a file was last written before a time, or is absent.
func (d *openDirectory) isOlder(name string, before time.Time) bool {
	info, err := d.Lstat(name)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	return info.ModTime().Before(before)
}

// isLeftoverName reports whether a name is exactly as hiddenName, and the functions that
// use it, make one.
func isLeftoverName(name string) bool {
	rest, ok := strings.CutPrefix(name, temporaryPrefix)
	const hashed = 16 // hexadecimal digits
	if !ok || len(rest) < hashed || strings.Trim(rest[:hashed], "0123456789abcdef") != "" {
		return false
	}
	rest = rest[hashed:]
	for _, suffix := range []string{temporarySuffix, partialSuffix, journalSuffix} {
		unique, ok := strings.CutSuffix(rest, suffix)
		if !ok {
			continue
		}
		if unique == "" {
			return suffix != temporarySuffix
		}
		return unique[0] == '-' && len(unique) > 1 &&
			strings.Trim(unique[1:], "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	}
	return false
}
