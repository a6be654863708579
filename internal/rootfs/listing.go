package rootfs

import (
	"hash/maphash"
	"io/fs"
	"os"
	"sync"
	"time"
)

const (
	// maxListings bounds how many directories have their names kept, and maxListed how
	// many names of one: each takes some 20 bytes.
	maxListings = 4
	maxListed   = 200_000
	// listingTime is how long names are kept, because some file systems do not record
	// when a directory is changed.
	listingTime = 10 * time.Second
	// timeGrain is the longest interval between two changes of a directory that may
	// record the same time: FAT has 2 s.
	timeGrain = 2 * time.Second
)

// listings caches the names in a few directories, so that a directory is not read for
// each of its files when they are opened one by one. It can only confirm that a name is
// listed: for a name that it does not have, the directory is read. It is safe for
// concurrent use.
type listings struct {
	mu   sync.Mutex
	kept []*listing // the oldest first
}

// listing holds the names that a directory had, and its description from before they were
// read.
type listing struct {
	info fs.FileInfo
	read time.Time
	// names are their hashes, which take less memory. The seed is random, so that no
	// client can choose a name with the hash of another.
	names map[uint64]struct{}
	seed  maphash.Seed
}

// newListing returns nil for a directory that may change again without a new time.
func newListing(info fs.FileInfo, now time.Time) *listing {
	if now.Sub(info.ModTime()) <= timeGrain {
		return nil
	}
	return &listing{info: info, read: now, names: make(map[uint64]struct{}), seed: maphash.MakeSeed()}
}

// add adds names. It returns false if they are too many to keep.
func (l *listing) add(names []string) bool {
	for _, name := range names {
		l.names[maphash.String(l.seed, name)] = struct{}{}
	}
	return len(l.names) <= maxListed
}

// has reports whether the directory that info describes is known to list a name.
func (l *listings) has(info fs.FileInfo, now time.Time, name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, known := range l.kept {
		if os.SameFile(known.info, info) {
			age := now.Sub(known.read)
			_, found := known.names[maphash.String(known.seed, name)]
			return found && known.info.ModTime().Equal(info.ModTime()) && age >= 0 && age < listingTime
		}
	}
	return false
}

// keep stores a listing, and replaces an earlier one of the same directory.
func (l *listings) keep(read *listing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, known := range l.kept {
		if os.SameFile(known.info, read.info) {
			l.kept[i] = read
			return
		}
	}
	if len(l.kept) >= maxListings {
		l.kept = append(l.kept[:0], l.kept[1:]...)
	}
	l.kept = append(l.kept, read)
}
