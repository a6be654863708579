package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"sync"
	"syscall"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/filetime"
	"github.com/tranship/tranship/internal/rootfs"
)

// A file system may not keep every time: ext4 with small inodes keeps the years 1901 to 2038,
// and silently changes other times to the nearest one; FAT rounds times to 2 seconds; some keep
// no times. So the store gives a file the nearest time that the file system keeps, and has the
// exact time in the file's record. Without records it refuses a time that differs from what the
// file system keeps by more than timeTolerance, and reports the unit to which it rounds others.

// timeRange is the range of times that the file system keeps.
type timeRange struct {
	mu          sync.Mutex
	known       bool
	least, most time.Time
}

// timeTolerance is the maximum by which file systems round times.
const timeTolerance = filetime.Tolerance

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
	if s.timeless || filetime.IsSafe(t) {
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
	draft, err := s.newShortDraft(plainDraftMode)
	if err != nil {
		return time.Time{}, time.Time{}, fail("determine the range of times with", "a file", err)
	}
	probe := func(t time.Time) (time.Time, error) {
		info, err := s.chtimes(draft.dir, draft.file, draft.name, t)
		if errors.Is(err, syscall.ERANGE) || errors.Is(err, syscall.EINVAL) {
			return time.Unix(0, 0).UTC(), nil // the system cannot set it: it changes no limit
		}
		if err != nil {
			return time.Time{}, err
		}
		return info.ModTime().UTC(), nil
	}
	leastOf, mostOf := filetime.SafeLeast(), filetime.SafeMost()
	// Some systems set only times that an int64 of nanoseconds since 1970 can represent, and
	// some do not change a time that they cannot keep to the nearest one.
	for _, t := range []time.Time{filetime.Least(), time.Unix(0, math.MinInt64)} {
		kept, failed := probe(t)
		err = errors.Join(err, failed)
		if !kept.Before(t.Add(-timeTolerance)) {
			leastOf = earlier(leastOf, kept)
		}
	}
	for _, t := range []time.Time{filetime.Most(), time.Unix(0, math.MaxInt64)} {
		kept, failed := probe(t)
		err = errors.Join(err, failed)
		if !kept.After(t.Add(timeTolerance)) {
			mostOf = later(mostOf, kept)
		}
	}
	if err := errors.Join(err, draft.discard()); err != nil {
		return time.Time{}, time.Time{}, fail("determine the range of times with", "a file", err)
	}
	r.least, r.most = leastOf, mostOf
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
	if s.timeless {
		return timelessError()
	}
	kept, err := s.keptTime(t)
	if err != nil {
		return err
	}
	if t.Sub(kept).Abs() > timeTolerance {
		return s.timeError()
	}
	return nil
}

// timelessError returns the error for a time that is set on a file system that keeps none.
func timelessError() error {
	return &tranship.InvalidError{Field: "attributes.modified_time", Rule: "the file system of this store does not let a program set modified times"}
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
func (s *Store) setTime(dir *rootfs.Dir, file rootfs.File, name, path string, modified time.Time) (fs.FileInfo, error) {
	if s.timeless {
		info, err := file.Stat()
		return info, fail("describe", path, err)
	}
	kept, err := s.keptTime(modified)
	if err != nil {
		return nil, err
	}
	info, err := s.chtimes(dir, file, name, kept)
	if err != nil {
		return nil, fail("set the modified time of", path, err)
	}
	if !s.attributes && info.ModTime().Sub(modified).Abs() > timeTolerance {
		return nil, s.timeError()
	}
	return info, nil
}

// chtimes sets a file's modified time and returns the info of the file. It sets the access time,
// too, if the file system ignores a modified time alone.
func (s *Store) chtimes(dir *rootfs.Dir, file rootfs.File, name string, modified time.Time) (fs.FileInfo, error) {
	if err := s.system.chtimes(dir, file, name, modified); err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil || info.ModTime().Sub(modified).Abs() <= timeTolerance {
		return info, err
	}
	accessed := rootfs.AccessTime(info)
	if accessed.IsZero() {
		accessed = modified // the system does not report it
	}
	if err := s.system.chtimesBoth(dir, file, name, accessed, modified); err != nil {
		return nil, err
	}
	return file.Stat()
}

// probeTimes finds out with a draft whether the file system lets the store set times, and to
// which unit it rounds them, if it does.
func (s *Store) probeTimes(draft *draft) error {
	exact := true
	unit, err := filetime.Probe(func(t time.Time) (time.Time, error) {
		info, err := s.chtimes(draft.dir, draft.file, draft.name, t)
		if err != nil {
			return time.Time{}, err
		}
		exact = exact && info.ModTime().Equal(t)
		return info.ModTime(), nil
	})
	if errors.Is(err, filetime.ErrNone) {
		s.timeless, err = true, nil
	}
	s.timeUnit = unit
	s.exactTimes = exact && !s.timeless
	if s.exactTimes {
		if status, err := draft.dir.Status(draft.name); err == nil {
			s.exactDevice = status.Device
		}
	}
	return err
}

// timelessEffect returns what a file system without modified times means for the store.
func (s *Store) timelessEffect() string {
	if s.attributes {
		return "they are kept in extended attributes only"
	}
	return "they are refused"
}
