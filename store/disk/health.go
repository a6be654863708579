package disk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

var _ tranship.HealthChecker = (*Store)(nil)

// errNoStore is the error of a directory that must have a store and has none.
var errNoStore = fmt.Errorf("it has no %s/%s, which every store has: mount the file system of the store, or open the directory once without requiring a store to make a new one: %w",
	tranship.ReservedSegment, lockName, fs.ErrNotExist)

// errLostDirectory is the error of all changes while the directory of the store is not at its
// path any more. A retry does not help.
var errLostDirectory = failure.Mark(fmt.Errorf("%w: another directory, or none, is where the directory of the store was: mount it again or put it back, or open the store anew", tranship.ErrUnavailable), failure.Final)

// CheckExists fails, with an error that matches fs.ErrNotExist, unless a directory has been
// opened as a store before. Open with Options.MustExist does the same; CheckExists is for
// programs that write to the directory before that.
func CheckExists(directory string) error {
	_, err := os.Lstat(filepath.Join(directory, tranship.ReservedSegment, lockName))
	if errors.Is(err, fs.ErrNotExist) {
		return errNoStore
	}
	return err
}

// CheckHealth implements tranship.HealthChecker. It fails if the store is closed; if the
// directory of the store was removed, renamed, unmounted or covered by another, or its state
// was moved; and if no file can be made in the state directory, for a reason other than a
// full file system. It makes and removes one empty file, and syncs nothing.
//
// While another directory, or none, is at the path of the store, all changes fail with
// tranship.ErrUnavailable: they would go to a directory that is not where its users look.
// Files can still be read. The store notices that in CheckHealth, and by itself within a
// minute.
func (s *Store) CheckHealth(context.Context) error {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return errClosed()
	}
	if err := s.locate(); err != nil {
		return err
	}
	if err := s.present(); err != nil {
		return err
	}
	return s.probeWriting()
}

// locate finds out whether the directory of the store is still at its path, and keeps the
// result for usable. It fails if the directory is not there, or if the file system does not
// answer.
func (s *Store) locate() error {
	if s.location == "" {
		return nil
	}
	has, err := s.root.Stat()
	if err != nil {
		return fail("find", "", err)
	}
	found, err := s.system.stat(s.location)
	lost := err == nil && !os.SameFile(found, has)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		lost = true
	case errors.Is(err, fs.ErrPermission):
		return nil // the path may be closed to this user, who has the directory open
	case err != nil:
		return fail("find", "", err)
	}
	if was := s.lost.Swap(lost); lost && !was {
		s.options.Logger.Error("another directory, or none, is where the directory of the store was: changes fail until it is mounted again or put back", "directory", s.location)
	} else if was && !lost {
		s.options.Logger.Info("the directory of the store is at its path again", "directory", s.location)
	}
	return s.usable()
}

// usable fails while the directory of the store is lost, as locate last found.
func (s *Store) usable() error {
	if s.lost.Load() {
		return errLostDirectory
	}
	return nil
}

// probeWriting fails if no file can be made in the state directory.
func (s *Store) probeWriting() error {
	probe := "health." + rand.Text()
	file, err := s.system.create(s.state.drafts, probe)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return nil // what is there can be read and removed
	}
	if err != nil {
		return fail("write", tranship.ReservedSegment, err)
	}
	err = errors.Join(file.Close(), s.system.remove(s.state.drafts, probe))
	return fail("write", tranship.ReservedSegment, err)
}
