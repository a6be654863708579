package transfer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tranship/tranship"
)

// Same reports whether two files look the same: equal size, and equal modified
// time as far as both sides keep it. That is to the microsecond, or to the second
// when one of the two is a whole second. An unknown size or time is never the
// same.
func Same(a, b tranship.File) bool {
	if a.Size < 0 || a.Size != b.Size || a.ModTime.IsZero() || b.ModTime.IsZero() {
		return false
	}
	unit := time.Microsecond
	if isWholeSecond(a.ModTime) || isWholeSecond(b.ModTime) {
		unit = time.Second
	}
	return a.ModTime.Truncate(unit).Equal(b.ModTime.Truncate(unit))
}

func isWholeSecond(t time.Time) bool {
	return t.Truncate(time.Microsecond).Nanosecond() == 0
}

// ListExisting lists everything below a directory of a store at once, for
// Options.Existing: one list costs less than asking for each of many files. It
// keeps path, size and time of each in memory. What is in a directory that the list
// leaves out counts as missing, unless the store, as it was given, has a Stat to ask.
func ListExisting(ctx context.Context, store Lister, directory string) (func(context.Context, string) (tranship.File, error), error) {
	type stamp struct {
		size    int64
		modTime time.Time
	}
	stamps := map[string]stamp{}
	unknown := map[string]bool{} // what was left out
	for entry, err := range list(ctx, store, directory) {
		if skipped, ok := errors.AsType[*tranship.SkippedError](err); ok {
			if skipped.Unreadable() {
				unknown[skipped.Path] = true
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		stamps[entry.Path] = stamp{entry.Size, entry.ModTime}
	}
	stater, _ := store.(interface {
		Stat(ctx context.Context, path string) (tranship.File, error)
	})
	return func(ctx context.Context, path string) (tranship.File, error) {
		stamp, ok := stamps[path]
		if !ok {
			if stater != nil && len(unknown) > 0 && isAtOrBelow(path, unknown) {
				if file, err := stater.Stat(ctx, path); err == nil {
					return file, nil
				}
			}
			return tranship.File{}, fmt.Errorf("%w: %s", tranship.ErrNotFound, path)
		}
		return tranship.File{Path: path, Size: stamp.size, ModTime: stamp.modTime}, nil
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
