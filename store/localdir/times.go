package localdir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/filetime"
	"github.com/tranship/tranship/internal/rootfs"
)

// describer describes an open file, as *os.File does.
type describer interface{ Stat() (fs.FileInfo, error) }

// setTime sets the modified time of a file, and describes the file. set sets the time, and the
// access time if that is not nil: some file systems ignore a modified time alone. timed reports
// whether the file system has taken the time.
func setTime(file describer, modified time.Time, set func(accessed *time.Time) error) (info fs.FileInfo, timed bool, err error) {
	err = set(nil)
	if err != nil && !filetime.IsRefused(err) {
		return nil, false, err
	}
	timed = err == nil
	info, err = file.Stat()
	if err != nil || !timed || info.ModTime().Sub(modified).Abs() <= filetime.Tolerance {
		return info, timed, err
	}
	accessed := rootfs.AccessTime(info)
	if accessed.IsZero() {
		accessed = modified // the system does not report it
	}
	if err := set(&accessed); err != nil {
		return info, false, nil //nolint:nilerr // the file system keeps no times
	}
	info, err = file.Stat()
	return info, true, err
}

// setTime sets the modified time of a file that is called name in d, and describes the file.
func (d *openDirectory) setTime(file *os.File, name string, modified time.Time) (info fs.FileInfo, timed bool, err error) {
	return setTime(file, modified, func(accessed *time.Time) error {
		if accessed == nil {
			return d.Chtimes(file, name, modified)
		}
		return d.ChtimesBoth(file, name, *accessed, modified)
	})
}

// checkTime fails if a file system took a time and keeps another one, as ext4 with small
// inodes does with those before 1901 and after 2038. A file system that does not keep a time
// that all others keep, keeps none; that is not an error.
func checkTime(info fs.FileInfo, modified *time.Time, timed bool) error {
	if !timed || filetime.IsSafe(*modified) || info.ModTime().Sub(*modified).Abs() <= filetime.Tolerance {
		return nil
	}
	return &tranship.InvalidError{Field: "attributes.modified_time", Rule: fmt.Sprintf(
		"the file system of the destination must be able to keep the time: it changes %s to %s",
		modified.UTC().Format(time.RFC3339), info.ModTime().UTC().Format(time.RFC3339))}
}

// tryTimes calls try with a temporary file beside a target, and removes the file.
func (d *openDirectory) tryTimes(target string, try func(set func(time.Time) (info fs.FileInfo, timed bool, err error)) error) error {
	name, file, err := d.createTemporary(target, 0o600)
	if err != nil {
		return err
	}
	err = try(func(t time.Time) (fs.FileInfo, bool, error) { return d.setTime(file, name, t) })
	return errors.Join(err, file.Close(), d.Remove(name))
}

// admitTime fails early for a time that the file system of a target changes.
func (d *openDirectory) admitTime(target string, modified *time.Time) error {
	if modified == nil || filetime.IsSafe(*modified) {
		return nil
	}
	return d.tryTimes(target, func(set func(time.Time) (fs.FileInfo, bool, error)) error {
		info, timed, err := set(*modified)
		if err != nil {
			return targetError(err)
		}
		return checkTime(info, modified, timed)
	})
}

// timeUnits has the units to which file systems round times, by device. A Dir may lead to
// several.
type timeUnits struct {
	mu    sync.Mutex
	units map[uint64]time.Duration
}

// of returns the unit of the file system of a directory. It finds out with a temporary file
// beside a target. Where that is not possible the unit is 0.
func (u *timeUnits) of(dir *openDirectory, target string, info fs.FileInfo) time.Duration {
	device := rootfs.Device(info)
	u.mu.Lock()
	defer u.mu.Unlock()
	if unit, known := u.units[device]; known {
		return unit
	}
	var unit time.Duration
	err := dir.tryTimes(target, func(set func(time.Time) (fs.FileInfo, bool, error)) (err error) {
		unit, err = filetime.Probe(func(t time.Time) (time.Time, error) {
			info, timed, err := set(t)
			switch {
			case err != nil:
				return time.Time{}, err
			case !timed:
				return time.Time{}, filetime.ErrNone
			}
			return info.ModTime(), nil
		})
		return err
	})
	if err != nil {
		unit = 0
	}
	if u.units == nil {
		u.units = make(map[uint64]time.Duration)
	}
	u.units[device] = unit
	return unit
}

// Existing is Stat for a caller that compares what is at a destination with a source. It also
// sets tranship.File.ModTimeUnit. To find the unit, it may write and remove a temporary file,
// once for each file system.
func (d *Dir) Existing(_ context.Context, name string) (tranship.File, error) {
	return d.stat(name, func(dir *openDirectory, last string, info fs.FileInfo) tranship.File {
		file := fileOf(name, info)
		if !filetime.MayBeRounded(file.ModTime) {
			return file // as nearly all files of an exact file system
		}
		if unit := d.timeUnits.of(dir, last, info); filetime.IsRounded(file.ModTime, unit) {
			file.ModTimeUnit = unit
		}
		return file
	})
}
