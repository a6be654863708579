package disk

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// state is the store's directory of its own.
type state struct {
	dir, drafts, uploads *rootfs.Dir
	lock                 *os.File
	// held is what is hidden beside those.
	held []io.Closer
}

const (
	lockName    = "lock"
	draftsName  = "tmp"
	uploadsName = "uploads"

	// stateAttributeName is the extended attribute of all state directories.
	stateAttributeName = "user.tranship.state"

	uploadsDirectory = tranship.ReservedSegment + "/" + uploadsName
)

// openState opens or creates the state directory, takes its lock, and removes drafts.
// From then on no path leads to it, whatever becomes of its name.
func openState(root *rootfs.Dir, system system) (*state, error) {
	dir, err := openOrMake(root, tranship.ReservedSegment, system, (*rootfs.Dir).Private)
	if err != nil {
		return nil, err
	}
	s := &state{dir: dir}
	err = s.open(system)
	if err == nil {
		err = s.checkOwner(root)
	}
	if err == nil {
		err = s.hide(root)
	}
	if err == nil {
		err = root.Probe(s.drafts)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// checkOwner fails for a state that another user has put there, who could read and
// change it. The owner of the store's directory may: that user could do so anyway.
func (s *state) checkOwner(root *rootfs.Dir) error {
	has, err := s.dir.Stat()
	if err != nil {
		return err
	}
	above, err := root.Stat()
	if err != nil {
		return err
	}
	// The file system may give what this process makes to another user, as NFS does.
	probe := &draft{dir: s.drafts, name: rand.Text()}
	if probe.file, err = s.drafts.CreateFile(probe.name, 0o600); err != nil {
		return err
	}
	made, err := probe.file.Stat()
	if err := errors.Join(err, probe.discard()); err != nil {
		return err
	}
	owner, ok := rootfs.Owner(has)
	aboveOwner, _ := rootfs.Owner(above)
	self, _ := rootfs.Owner(made)
	if !ok || owner == self || owner == aboveOwner || owner == 0 {
		return nil
	}
	return fmt.Errorf("%s belongs to another user (%d): give it to user %d if it is this store's own, or else remove it",
		tranship.ReservedSegment, owner, self)
}

// hide hides what is in the state as well, for it can be moved or mounted elsewhere, and
// files can have other links. What is hidden stays open, so that nothing else becomes the
// same to the file system. Files in the directories of uploads and drafts are not hidden,
// because they become those of clients.
func (s *state) hide(root *rootfs.Dir) error {
	entries, err := s.dir.ReadDir()
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			s.hideFile(root, s.dir, entry)
			continue
		}
		dir, err := s.dir.Sub(entry.Name())
		if rootfs.IsAbsent(err) {
			continue
		}
		if err != nil {
			return err
		}
		s.held = append(s.held, dir)
		if err := root.Hide(dir); err != nil {
			return err
		}
		if entry.Name() == uploadsName || entry.Name() == draftsName {
			continue
		}
		files, err := dir.ReadDir()
		if err != nil {
			return err
		}
		for _, file := range files {
			s.hideFile(root, dir, file)
		}
	}
	return nil
}

// hideFile hides what is a file, and one that the store may read: it serves no other.
func (s *state) hideFile(root, dir *rootfs.Dir, entry rootfs.Entry) {
	file, info, err := dir.OpenFile(entry.Name())
	if err != nil {
		return
	}
	s.held = append(s.held, file)
	root.HideFile(info)
}

func (s *state) open(system system) error {
	file, err := s.dir.CreateFile(lockName, 0o600)
	if errors.Is(err, fs.ErrExist) {
		file, _, err = s.dir.OpenFileWrite(lockName)
	}
	if err != nil {
		return err
	}
	s.lock = file
	locked, err := rootfs.Lock(file)
	if err != nil {
		return fmt.Errorf("locking: %w", err)
	}
	if !locked {
		return errors.New("the directory is in use by another process")
	}
	if s.drafts, err = openOrMake(s.dir, draftsName, system, (*rootfs.Dir).Sub); err != nil {
		return err
	}
	if s.uploads, err = openOrMake(s.dir, uploadsName, system, (*rootfs.Dir).Sub); err != nil {
		return err
	}
	leftovers, err := s.drafts.ReadDir()
	if err != nil {
		return err
	}
	for _, leftover := range leftovers {
		if err := s.drafts.Remove(leftover.Name()); err != nil {
			return fmt.Errorf("removing what an unfinished upload left: %w", err)
		}
	}
	return nil
}

func (s *state) close() error {
	var errs []error
	for _, dir := range []*rootfs.Dir{s.drafts, s.uploads, s.dir} {
		if dir != nil {
			errs = append(errs, dir.Close())
		}
	}
	for _, held := range s.held {
		errs = append(errs, held.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// openOrMake opens a directory, and makes it, durable, if it is not there.
func openOrMake(parent *rootfs.Dir, name string, system system, open func(parent *rootfs.Dir, name string) (*rootfs.Dir, error)) (*rootfs.Dir, error) {
	if err := parent.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	// Also what was there already may not be durable.
	if err := system.syncDir(parent); err != nil {
		return nil, err
	}
	return open(parent, name)
}

// draft is a file that is being made, where no path reaches it.
type draft struct {
	dir  *rootfs.Dir
	name string
	file *os.File
}

func (s *Store) newDraft() (*draft, error) {
	d := &draft{dir: s.state.drafts, name: rand.Text()}
	var err error
	d.file, err = d.dir.CreateFile(d.name, 0o600)
	return d, err
}

// discard removes the draft.
func (d *draft) discard() error {
	return errors.Join(d.file.Close(), d.dir.Remove(d.name))
}
