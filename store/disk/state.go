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

// state is the state directory of the store.
type state struct {
	dir, drafts, uploads *rootfs.Dir
	lock                 *os.File
	// isNew is true if the directory had no state before.
	isNew bool
	// private is set if only the owner of the directory of drafts can enter it.
	private bool
	// held has the other files and directories that are hidden, which stay open.
	held []io.Closer
}

const (
	// lockName is the file that an open store locks. It is never removed, and so it marks a
	// directory that has been opened as a store before.
	lockName    = "lock"
	draftsName  = "tmp"
	uploadsName = "uploads"

	// stateAttributeName is the extended attribute of all state directories.
	stateAttributeName = "user.tranship.state"

	uploadsDirectory = tranship.ReservedSegment + "/" + uploadsName
)

// openState opens or creates the state directory, locks it, and removes drafts. Afterwards no
// path of root reaches it, even if it is renamed. With mustExist, it creates nothing in a
// directory without a lock file.
func openState(root *rootfs.Dir, system system, mustExist bool) (*state, error) {
	var dir *rootfs.Dir
	var err error
	if mustExist {
		dir, err = root.Private(tranship.ReservedSegment)
	} else {
		dir, err = openOrMake(root, tranship.ReservedSegment, system, (*rootfs.Dir).Private)
	}
	if mustExist && rootfs.IsAbsent(err) {
		return nil, errNoStore
	}
	if err != nil {
		return nil, err
	}
	s := &state{dir: dir}
	if mustExist {
		if _, err = dir.Lstat(lockName); errors.Is(err, fs.ErrNotExist) {
			err = errNoStore
		}
	}
	if err == nil {
		err = s.open(system)
	}
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

// openBeside opens the state directory of a store that may be open, without locking it.
func openBeside(root *rootfs.Dir) (*state, error) {
	dir, err := root.Private(tranship.ReservedSegment)
	if rootfs.IsAbsent(err) {
		return nil, errNoStore
	}
	if err != nil {
		return nil, err
	}
	s := &state{dir: dir}
	if _, err = dir.Lstat(lockName); errors.Is(err, fs.ErrNotExist) {
		err = errNoStore
	}
	if err == nil {
		s.drafts, err = dir.Sub(draftsName)
	}
	if err == nil {
		err = s.checkOwner(root)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// checkOwner fails if the state directory belongs to another user, who could read and change
// it. It accepts the owner of the store's directory, who could do so anyway.
func (s *state) checkOwner(root *rootfs.Dir) error {
	has, err := s.dir.Stat()
	if err != nil {
		return err
	}
	above, err := root.Stat()
	if err != nil {
		return err
	}
	// Files that this process creates may belong to another user, for example on NFS.
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

// hide also hides the files and directories in the state directory, because they can be moved
// or mounted elsewhere, and files can have other links. They stay open, so that the file system
// does not use their inodes for other files. Files in the directories of uploads and drafts are
// not hidden, because they become files of clients.
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

// hideFile hides an entry if it is a file that the store may read. The store does not serve
// others anyway.
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
	s.isNew = err == nil
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
	info, err := s.drafts.Stat()
	if err != nil {
		return err
	}
	s.private = info.Mode().Perm()&0o077 == 0
	leftovers, err := s.drafts.ReadDir()
	if err != nil {
		return err
	}
	for _, leftover := range leftovers {
		if err := s.drafts.Remove(leftover.Name()); err != nil {
			return fmt.Errorf("removing the draft of an unfinished upload: %w", err)
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

// openOrMake opens a directory, and makes it durably if it does not exist.
func openOrMake(parent *rootfs.Dir, name string, system system, open func(parent *rootfs.Dir, name string) (*rootfs.Dir, error)) (*rootfs.Dir, error) {
	if err := parent.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	// A directory that existed may not be durable either.
	if err := system.syncDir(parent); err != nil {
		return nil, err
	}
	return open(parent, name)
}

// draft is a file that is being written, in a directory that no path reaches.
type draft struct {
	dir  *rootfs.Dir
	name string
	file rootfs.File
	// known is what the file system would report of the complete file before its time is set;
	// nil if that is to be asked.
	known *draftInfo
}

// plainDraftMode is the mode of a draft whose file has no mode yet.
const plainDraftMode fs.FileMode = 0o600

// newDraft creates a draft with a mode, before the umask.
func (s *Store) newDraft(mode fs.FileMode) (*draft, *os.File, error) {
	d := &draft{dir: s.state.drafts, name: rand.Text()}
	file, err := d.dir.CreateFile(d.name, mode)
	if err != nil {
		return nil, nil, err
	}
	d.file = file
	return d, file, nil
}

// newShortDraft is newDraft for a file that is open for a moment only.
func (s *Store) newShortDraft(mode fs.FileMode) (*draft, error) {
	d := &draft{dir: s.state.drafts, name: rand.Text()}
	var err error
	d.file, err = d.dir.Create(d.name, mode)
	return d, err
}

// discard closes and removes the draft.
func (d *draft) discard() error {
	return errors.Join(d.file.Close(), d.dir.Remove(d.name))
}
