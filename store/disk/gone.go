package disk

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/tranship/tranship"
)

// errGoneDirectory is why nothing is to be found, and nothing can be written.
var errGoneDirectory = fmt.Errorf("%w: the directory of the store was removed, and the store must be opened anew", tranship.ErrUnavailable)

// present fails if somebody removed the directory of the store, which must not look as
// if only its files were not there.
func (s *Store) present() error {
	_, err := s.root.Lstat(tranship.ReservedSegment)
	if err == nil {
		_, err = s.state.dir.Lstat(draftsName)
	}
	if err == nil {
		_, err = s.state.dir.Lstat(uploadsName)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	s.reportGone.Do(func() {
		s.options.Logger.Error("the directory of the store was removed while it was open: open it anew")
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
