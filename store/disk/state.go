package disk

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// state is the store's directory of its own.
type state struct {
	dir, drafts, uploads *rootfs.Dir
	lock                 *os.File
}

const (
	lockName    = "lock"
	draftsName  = "tmp"
	uploadsName = "uploads"

	uploadsDirectory = tranship.ReservedSegment + "/" + uploadsName
)

// openState opens or creates the state directory, takes its lock, and removes drafts.
func openState(root *rootfs.Dir) (*state, error) {
	dir, err := openOrMake(root, tranship.ReservedSegment)
	if err != nil {
		return nil, err
	}
	s := &state{dir: dir}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *state) open() error {
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
	if s.drafts, err = openOrMake(s.dir, draftsName); err != nil {
		return err
	}
	if s.uploads, err = openOrMake(s.dir, uploadsName); err != nil {
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
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// openOrMake makes a directory that is not there, durable.
func openOrMake(parent *rootfs.Dir, name string) (*rootfs.Dir, error) {
	err := parent.Mkdir(name, 0o700)
	if err == nil {
		err = parent.Sync()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return parent.Sub(name)
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
