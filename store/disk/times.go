package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"sync"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// A file system may not keep every time: ext4 with small inodes keeps the years 1901 to 2038,
// and silently changes other times to the nearest one. So the store gives a file the nearest
// time that the file system keeps, and has the exact time in the file's record. Without
// records it refuses such a time.

// timeRange is the range of times that the file system keeps.
type timeRange struct {
	mu          sync.Mutex
	known       bool
	least, most time.Time
}

var (
	// Every file system keeps the times between these. FAT begins in 1980, and signed 32-bit
	// seconds end in 2038.
	safeLeast = time.Date(1980, 1, 2, 0, 0, 0, 0, time.UTC)
	safeMost  = time.Date(2037, 12, 31, 0, 0, 0, 0, time.UTC)
)

// timeTolerance is the maximum by which file systems round times: FAT rounds to 2 seconds.
const timeTolerance = 2 * time.Second

// clampTime returns the time nearest to t that an int64 of nanoseconds since 1970 can
// represent, which is from 1677 to 2262.
func clampTime(t time.Time) time.Time {
	if least := time.Unix(0, math.MinInt64); t.Before(least) {
		return least
	}
	if most := time.Unix(0, math.MaxInt64); t.After(most) {
		return most
	}
	return t
}

// keptTime returns the time nearest to t that the file system keeps.
func (s *Store) keptTime(t time.Time) (time.Time, error) {
	if !t.Before(safeLeast) && !t.After(safeMost) {
		return t, nil
	}
	least, most, err := s.keptTimes()
	switch {
	case err != nil:
		return time.Time{}, err
	case t.Before(least):
		return least, nil
	case t.After(most):
		return most, nil
	}
	return t, nil
}

// keptTimes returns the range of times that the file system keeps. The first call determines it
// with a draft.
func (s *Store) keptTimes() (least, most time.Time, err error) {
	r := &s.times
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known {
		return r.least, r.most, nil
	}
	draft, err := s.newDraft()
	if err != nil {
		return time.Time{}, time.Time{}, fail("determine the range of times with", "a file", err)
	}
	probe := func(t time.Time) (time.Time, error) {
		if err := s.system.chtimes(draft.dir, draft.file, draft.name, t); err != nil {
			return time.Time{}, err
		}
		info, err := draft.file.Stat()
		if err != nil {
			return time.Time{}, err
		}
		return info.ModTime().UTC(), nil
	}
	least, errLeast := probe(time.Unix(0, math.MinInt64))
	most, errMost := probe(time.Unix(0, math.MaxInt64))
	if err := errors.Join(errLeast, errMost, draft.discard()); err != nil {
		return time.Time{}, time.Time{}, fail("determine the range of times with", "a file", err)
	}
	// Some systems do not change a time that they cannot keep to the nearest one.
	r.least, r.most = earlier(least, safeLeast), later(most, safeMost)
	r.known = true
	return r.least, r.most, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// admitTime fails for a modified time that a store without records cannot keep.
func (s *Store) admitTime(t time.Time) error {
	kept, err := s.keptTime(t)
	if err != nil {
		return err
	}
	if t.Sub(kept).Abs() > timeTolerance {
		return s.timeError()
	}
	return nil
}

// timeError returns the error for a time that the file system cannot keep.
func (s *Store) timeError() error {
	least, most, err := s.keptTimes()
	if err != nil {
		return err
	}
	return &tranship.InvalidError{Field: "attributes.modified_time", Rule: fmt.Sprintf(
		"the file system of this store keeps times from %s to %s", least.Format(time.RFC3339), most.Format(time.RFC3339))}
}

// setTime sets a file's modified time to the nearest one that the file system keeps, and
// returns the info of the file. Without records it fails if that is not the exact time.
func (s *Store) setTime(dir *rootfs.Dir, file *os.File, name, path string, modified time.Time) (fs.FileInfo, error) {
	kept, err := s.keptTime(modified)
	if err != nil {
		return nil, err
	}
	if err := s.system.chtimes(dir, file, name, kept); err != nil {
		return nil, fail("set the modified time of", path, err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, fail("describe", path, err)
	}
	if !s.attributes && info.ModTime().Sub(modified).Abs() > timeTolerance {
		return nil, s.timeError()
	}
	return info, nil
}
