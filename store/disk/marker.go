package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

const (
	// markerName is an empty file in the state directory, which has an extended attribute. A tool
	// that copies the directory without extended attributes copies only the file.
	markerName = "attributes"
	// markerAttributeName is that extended attribute.
	markerAttributeName = "user.tranship.marker"
)

// LostAttributes reports whether the directory once had extended attributes and has lost them, as
// Open found: it was copied by a tool that does not copy them, or to a file system that has none.
// The store then knows no checksum, metadata and account of the files that were copied, and their
// versions are others. Files that are stored afterwards have all of that.
func (s *Store) LostAttributes() bool { return s.lostAttributes }

// checkMarker finds out whether the directory has lost its extended attributes, and makes the
// marker if there is none.
func (s *Store) checkMarker(directory string) error {
	file, info, err := s.state.dir.OpenFile(markerName)
	if errors.Is(err, fs.ErrNotExist) {
		if !s.attributes {
			return nil
		}
		return s.makeMarker()
	}
	if err != nil {
		return err
	}
	s.state.held = append(s.state.held, file)
	s.root.HideFile(info)
	kept, err := readMarker(file, s.attributes)
	if err != nil {
		return err
	}
	if s.lostAttributes = !kept; !kept {
		s.options.Logger.Warn("this directory has lost its extended attributes: it was copied without them, or to a file system that has none. "+
			"The checksums, versions, metadata and accounts of its files are missing. Copy it again with a tool that keeps them, such as rsync -aX, "+
			"or remove "+tranship.ReservedSegment+"/"+markerName+" to accept the loss", "directory", directory)
	}
	return nil
}

// readMarker reports whether a marker has its extended attribute.
func readMarker(file *os.File, attributes bool) (kept bool, err error) {
	if !attributes {
		return false, nil
	}
	value, err := rootfs.Getxattr(file, markerAttributeName)
	if errors.Is(err, errors.ErrUnsupported) {
		return false, nil
	}
	return value != nil, err
}

// makeMarker makes the marker: first the attribute, durably, and then the name.
func (s *Store) makeMarker() error {
	draft, file, err := s.newDraft(plainDraftMode)
	if err != nil {
		return err
	}
	err = s.system.setxattr(file, markerAttributeName, []byte("1"))
	if err == nil {
		err = s.system.sync(file)
	}
	if err == nil {
		err = s.system.rename(draft.dir, draft.name, s.state.dir, markerName, true)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("making %s: %w", markerName, err), draft.discard())
	}
	s.state.held = append(s.state.held, file)
	info, err := file.Stat()
	if err != nil {
		return err
	}
	s.root.HideFile(info)
	return s.system.syncDir(s.state.dir)
}
