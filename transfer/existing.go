package transfer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/filetime"
)

// Same reports whether two files look the same: equal size, and equal modified
// time as far as both sides keep it. That is to the microsecond, or to the second
// when one of the two is a whole second, or to the tranship.File.ModTimeUnit to which the
// file system of a side has rounded its time. An unknown size or time is never the
// same.
func Same(a, b tranship.File) bool {
	return isSame(a, b, 0)
}

// SameWithin is Same with a window: modified times that differ by at most that are equal.
func SameWithin(a, b tranship.File, window time.Duration) bool {
	return isSame(a, b, window)
}

// isSame implements SameWithin.
func isSame(a, b tranship.File, window time.Duration) bool {
	if a.Size < 0 || a.Size != b.Size || a.ModTime.IsZero() || b.ModTime.IsZero() {
		return false
	}
	difference := a.ModTime.Sub(b.ModTime).Abs()
	if difference <= window || isRoundedTo(a, difference) || isRoundedTo(b, difference) {
		return true
	}
	unit := time.Microsecond
	if isWholeSecond(a.ModTime) || isWholeSecond(b.ModTime) {
		unit = time.Second
	}
	return a.ModTime.Truncate(unit).Equal(b.ModTime.Truncate(unit))
}

// isRoundedTo reports whether rounding can have changed the time of a file by a difference.
func isRoundedTo(file tranship.File, difference time.Duration) bool {
	return difference < file.ModTimeUnit && filetime.IsRounded(file.ModTime, file.ModTimeUnit)
}

func isWholeSecond(t time.Time) bool {
	return t.Truncate(time.Microsecond).Nanosecond() == 0
}

// ListExisting lists everything below a directory of a store at once, for
// Options.Existing: one list costs less than asking for each of many files. It
// keeps path, size and time of each in memory, up to some 256 MiB, which is a million
// or more. Of files that come later in the list, and of what is in a directory that the
// list leaves out, a store that has the method Stat is asked one by one. With another
// store the first is tranship.ErrLimit, and the second counts as missing.
func ListExisting(ctx context.Context, store Lister, directory string) (func(context.Context, string) (tranship.File, error), error) {
	return listExisting(ctx, store, directory, existingBytes)
}

// existingBytes is how much memory ListExisting takes, and stampBytes what an entry
// takes beside its path, about.
const (
	existingBytes = 256 << 20
	stampBytes    = 128
)

func listExisting(ctx context.Context, store Lister, directory string, room int) (func(context.Context, string) (tranship.File, error), error) {
	type stamp struct {
		size    int64
		modTime time.Time
		unit    time.Duration
	}
	stamps := map[string]stamp{}
	unknown := map[string]bool{} // what was left out
	var last string              // the last one that is known, if there was no room for all
	stater, single := tranship.As[interface {
		Stat(ctx context.Context, path string) (tranship.File, error)
	}](store)
	for entry, err := range list(ctx, store, directory) {
		path := entry.Path
		skipped, isSkipped := errors.AsType[*tranship.SkippedError](err)
		switch {
		case isSkipped && !skipped.Unreadable():
			continue
		case isSkipped:
			path = skipped.Path
		case err != nil:
			return nil, err
		}
		if room -= len(path) + stampBytes; room < 0 {
			if !single {
				return nil, &tranship.LimitError{
					Limit: tranship.LimitListEntries,
					For:   directory,
					Rule:  fmt.Sprintf("the list of %q is too long to be kept in memory", directory),
				}
			}
			break
		}
		if isSkipped {
			unknown[path] = true
		} else {
			stamps[path] = stamp{entry.Size, entry.ModTime, entry.ModTimeUnit}
		}
		last = path
	}
	return func(ctx context.Context, path string) (tranship.File, error) {
		if room < 0 && path > last {
			return stater.Stat(ctx, path)
		}
		stamp, ok := stamps[path]
		if !ok {
			if single && len(unknown) > 0 && isAtOrBelow(path, unknown) {
				if file, err := stater.Stat(ctx, path); err == nil {
					return file, nil
				}
			}
			return tranship.File{}, &tranship.PathError{Path: path, Err: tranship.ErrNotFound}
		}
		return tranship.File{Path: path, Size: stamp.size, ModTime: stamp.modTime, ModTimeUnit: stamp.unit}, nil
	}, nil
}

// isAtOrBelow reports whether a path, or a directory above it, is in a set.
func isAtOrBelow(path string, set map[string]bool) bool {
	for end := len(path); end > 0; end = strings.LastIndexByte(path[:end], '/') {
		if set[path[:end]] {
			return true
		}
	}
	return false
}
