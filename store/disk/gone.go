package disk

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// errGoneDirectory is the error of all calls once the directory of the store was removed. A
// retry does not help.
var errGoneDirectory = failure.Mark(fmt.Errorf("%w: the directory of the store was removed, or %s in it moved: put it back, or open the store anew", tranship.ErrUnavailable, tranship.ReservedSegment), failure.Final)

// present fails if the directory of the store was removed, which must not look as if only its
// files were missing. It also fails if the state directory was moved, because the next store
// that is opened would not find it.
func (s *Store) present() error {
	if s.state == nil {
		return nil // of Files
	}
	there, err := s.root.Leads(tranship.ReservedSegment, s.state.dir)
	if err == nil && there {
		_, err = s.state.dir.Lstat(draftsName)
	}
	if err == nil && there {
		_, err = s.state.dir.Lstat(uploadsName)
	}
	if err == nil && there || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	s.reportGone.Do(func() {
		s.options.Logger.Error("the directory of the store was removed, or the state in it moved, while it was open: put it back, or open the store anew")
	})
	return errGoneDirectory
}

// explain replaces the error for a missing file if the whole directory of the store is
// missing.
func (s *Store) explain(err *error) {
	if !errors.Is(*err, tranship.ErrNotFound) {
		return
	}
	if gone := s.present(); gone != nil {
		*err = gone
	}
}
