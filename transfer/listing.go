package transfer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tranship/tranship"
)

// listPage is how many entries of a list are asked for at once. A page is read whole, so that
// the store never waits for the files between two entries to be copied. At most two pages are
// in memory.
const listPage = 16 << 10

// listedFile is a line of a list: a file, something that the list leaves out because it cannot
// be read, or the error that ends the list.
type listedFile struct {
	key     string
	size    int64
	modTime time.Time
	unit    time.Duration
	// isUnreadable is set if the store cannot read the file, or the directory with its files.
	isUnreadable bool
	err          error
}

func (f *listedFile) file() tranship.File {
	return tranship.File{Path: f.key, Size: f.size, ModTime: f.modTime, ModTimeUnit: f.unit}
}

// listAhead lists all files below a directory of a store, page by page, while the caller uses
// the files of earlier pages.
func listAhead(ctx context.Context, store Lister, directory string, page int) *ahead[listedFile] {
	return readAhead(page, func(a *ahead[listedFile]) {
		last := ""
		options := tranship.ListOptions{Directory: directory, Recursive: true, Limit: page, ReportSkipped: true, Brief: true}
		for a.empty() {
			options.StartAfter = last
			entries := 0
			for entry, err := range listPatiently(ctx, store, options) {
				line := listedFile{key: entry.Path, size: entry.Size, modTime: entry.ModTime, unit: entry.ModTimeUnit}
				skipped, isSkipped := errors.AsType[*tranship.SkippedError](err)
				switch {
				case isSkipped && !skipped.Unreadable():
					continue
				case isSkipped:
					line = listedFile{key: skipped.Key(), isUnreadable: true}
				case err == nil && line.key <= last:
					err = fmt.Errorf("%w: the list of %q has %q after %q", tranship.ErrIntegrity, directory, line.key, last)
					fallthrough
				case err != nil:
					a.put(listedFile{err: err})
					return
				default:
					last = line.key
					entries++
				}
				if !a.put(line) {
					return
				}
			}
			if entries < page {
				return
			}
		}
	})
}

// isAtOrBelow reports whether a path is what a line is about, or below it.
func (f *listedFile) isAtOrBelow(path string) bool {
	below, ok := strings.CutPrefix(path, strings.TrimSuffix(f.key, "/"))
	return ok && (below == "" || below[0] == '/')
}

// isBefore reports whether no path that sorts after a path is at or below what a line is about.
func (f *listedFile) isBefore(path string) bool {
	return strings.TrimSuffix(f.key, "/")+"0" <= path // the byte after '/'
}
