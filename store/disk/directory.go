package disk

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// directoryVersion is the version in the record of a directory. Directories have no version,
// but a record must have one.
const directoryVersion = "directory"

// owners maintains the accounts that directories count for, which are in the records of the
// directories. Without a ledger it does nothing.
type owners struct {
	// mu is held while a directory is made or removed, so that no directory is removed
	// before it has its record.
	mu     sync.Mutex
	ledger tranship.DirectoryLedger
}

// ReportDirectories implements tranship.AccountKeeper.
func (s *Store) ReportDirectories(ledger tranship.DirectoryLedger) {
	s.owners.mu.Lock()
	defer s.owners.mu.Unlock()
	s.owners.ledger = ledger
}

// directoryMaker makes the directories above one path. It is used once.
type directoryMaker struct {
	store *Store
	path  string
	// account is the account that they count for; nil for none.
	account *string
	ledger  tranship.DirectoryLedger
	// counted is the number of directories that ledger has counted and that were not made
	// yet.
	counted int
}

// makerFor returns a maker of the directories above a path, for an account.
func (s *Store) makerFor(path string, name *string) *directoryMaker {
	m := &directoryMaker{store: s, path: path, account: name}
	if name != nil {
		s.owners.mu.Lock()
		m.ledger = s.owners.ledger
		s.owners.mu.Unlock()
	}
	return m
}

// make makes a missing directory above the path. It succeeds if the directory has come into
// being in the meantime.
func (m *directoryMaker) make(parent *rootfs.Dir, directory string) error {
	above, name := rootfs.Split(directory)
	defer m.store.keptNames.added(above)
	if m.ledger == nil {
		err := parent.Mkdir(name, 0o777)
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	}
	if m.counted == 0 { // the first one: all directories below it are missing too
		n := strings.Count(m.path[len(directory):], "/")
		if err := m.ledger.MakeDirectories(*m.account, m.path, n); err != nil {
			return err
		}
		m.counted = n
	}
	m.store.owners.mu.Lock()
	defer m.store.owners.mu.Unlock()
	err := parent.Mkdir(name, 0o777)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := m.store.writeOwner(parent, name, m.account); err != nil {
		return errors.Join(err, parent.RemoveDir(name))
	}
	m.counted--
	return nil
}

// end subtracts the directories that were counted but not made.
func (m *directoryMaker) end() {
	if m.counted > 0 {
		m.ledger.RemoveDirectories(*m.account, m.counted)
	}
}

// writeOwner writes the record of a new directory.
func (s *Store) writeOwner(parent *rootfs.Dir, name string, owner *string) error {
	dir, err := parent.Sub(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Setxattr(attributeName, record{version: directoryVersion, account: owner}.encode())
}

// ownerOf returns the account that a directory counts for; nil for none.
func ownerOf(dir *rootfs.Dir) *string {
	value, err := dir.Getxattr(attributeName)
	if err != nil || value == nil {
		return nil
	}
	r, err := decodeRecord(value)
	if err != nil {
		return nil
	}
	return r.account
}

// removeDirectory removes an empty directory and subtracts it from its account.
func (s *Store) removeDirectory(parent *rootfs.Dir, name string) error {
	s.owners.mu.Lock()
	defer s.owners.mu.Unlock()
	if s.owners.ledger == nil {
		return parent.RemoveDir(name)
	}
	var owner *string
	if dir, err := parent.Sub(name); err == nil {
		owner = ownerOf(dir)
		dir.Close()
	}
	err := parent.RemoveDir(name)
	if err == nil && owner != nil {
		s.owners.ledger.RemoveDirectories(*owner, 1)
	}
	return err
}

// MissingDirectories implements tranship.AccountKeeper.
func (s *Store) MissingDirectories(ctx context.Context, path string) (int, error) {
	if err := admit(ctx, path); err != nil {
		return 0, err
	}
	parent, _ := rootfs.Split(path)
	if dir := s.directories.Find(parent); dir != nil {
		return 0, dir.Close()
	}
	dir, err := s.root.Walk("")
	if err != nil {
		return 0, fail("inspect", path, err)
	}
	defer func() { dir.Close() }()
	for i := range len(path) {
		if path[i] != '/' {
			continue
		}
		_, name := rootfs.Split(path[:i])
		sub, err := dir.Sub(name)
		if rootfs.IsAbsent(err) {
			return strings.Count(path[i:], "/"), nil
		}
		if err != nil {
			return 0, fail("inspect", path, err)
		}
		dir.Close()
		dir = sub
	}
	return 0, nil
}

// failMake is failUnless for making the directories of a path. It returns the refusal of a
// ledger unchanged.
func failMake(path string, err error) error {
	if errors.Is(err, tranship.ErrQuota) {
		return err
	}
	return failUnless(fs.ErrNotExist, "make the directory of", path, err)
}
