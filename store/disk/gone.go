package disk

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// errGoneDirectory is why nothing is to be found, and nothing can be written. Trying
// again does not help.
var errGoneDirectory = failure.Mark(fmt.Errorf("%w: the directory of the store was removed, or %s in it moved: put it back, or open the store anew", tranship.ErrUnavailable, tranship.ReservedSegment), failure.Final)

// present fails if the directory of the store was removed, which must not look as if
// only its files were not there, or if its state is elsewhere, which a store that is
// opened next would not find.
func (s *Store) present() error {
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

// explain tells a store that is gone from a file that is not there.
func (s *Store) explain(err *error) {
	if !errors.Is(*err, tranship.ErrNotFound) {
		return
	}
	if gone := s.present(); gone != nil {
		*err = gone
	}
}
