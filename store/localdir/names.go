package localdir

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"sync"

	"github.com/tranship/tranship/internal/rootfs"
)

// directoryNames are the names in a directory as its file system compares them.
type directoryNames interface {
	// IsExact reports whether two names are known never to be one file, and to be
	// listed as they were given.
	IsExact() bool
	// Lstat describes what is under a name.
	Lstat(name string) (fs.FileInfo, error)
	// List returns the names of all that is in the directory, in no order.
	List() ([]string, error)
	// Stored returns what a new file of that name would be listed as.
	Stored(name string) (string, error)
	// Mkdir creates a directory. What is there is fs.ErrExist.
	Mkdir(name string, mode fs.FileMode) error
	// Sub opens a directory.
	Sub(name string) (*rootfs.Dir, error)
	// Rename renames a file, and replaces one that is there.
	Rename(name, newName string) error
	// RenameNoReplace renames a file. What is there is fs.ErrExist.
	RenameNoReplace(name, newName string) error
}

// systemNames implements directoryNames for a directory of the system.
type systemNames struct {
	*rootfs.Dir
	// renames is held while a rename that must not replace takes two steps, so that no
	// two of this process overlap.
	renames *sync.Mutex
}

// List implements directoryNames.
func (s systemNames) List() ([]string, error) {
	entries, err := s.ReadDir()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names, nil
}

// Stored implements directoryNames. It creates a file of that name in a new directory, and
// removes both.
func (s systemNames) Stored(name string) (stored string, err error) {
	own := temporaryPrefix + rand.Text()[:16] + temporarySuffix
	if err := s.Mkdir(own, 0o700); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.RemoveDir(own)) }()
	directory, err := s.Sub(own)
	if err != nil {
		return "", err
	}
	defer directory.Close()
	file, err := directory.CreateFile(name, 0o600)
	if err != nil {
		return "", err
	}
	entries, err := directory.ReadDir()
	err = errors.Join(err, file.Close(), directory.Remove(name))
	if err == nil && len(entries) != 1 {
		err = fs.ErrInvalid
	}
	if err != nil {
		return "", err
	}
	return entries[0].Name(), nil
}

// Rename implements directoryNames.
func (s systemNames) Rename(name, newName string) error {
	return rootfs.Rename(s.Dir, name, s.Dir, newName)
}

// RenameNoReplace implements directoryNames.
func (s systemNames) RenameNoReplace(name, newName string) error {
	err := rootfs.RenameExclusive(s.Dir, name, s.Dir, newName)
	if !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	s.renames.Lock()
	defer s.renames.Unlock()
	return rootfs.RenameNoReplace(s.Dir, name, s.Dir, newName)
}
