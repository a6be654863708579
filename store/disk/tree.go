package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// treeAttempts bounds how often a change starts over because directories came or
// went under it.
const treeAttempts = 100

// ancestor is a directory above a path.
type ancestor struct {
	directory string
	settled   *settlement
}

// makeParent opens the directory that path is in, and makes it and those above it
// if they are missing, for the account of owner. A file in the way is an *rootfs.ObstacleError; a
// directory removed meanwhile fs.ErrNotExist.
func (s *Store) makeParent(path string, owner *string) (*rootfs.Dir, []ancestor, error) {
	parent, _ := rootfs.Split(path)
	ancestors := s.ancestors(path) // before the look at them
	if dir := s.directories.Find(parent); dir != nil {
		return dir, ancestors, nil
	}
	dir, ancestors, err := s.walkOrMake(path, owner)
	if err == nil {
		s.directories.Keep(parent, dir)
	}
	return dir, ancestors, err
}

// ancestors are the directories above path. Whoever then finds a file there knows
// that the settlements are not older than they.
func (s *Store) ancestors(path string) []ancestor {
	ancestors := make([]ancestor, 0, 8)
	for i := range len(path) {
		if path[i] == '/' {
			ancestors = append(ancestors, ancestor{path[:i], s.settled.of(path[:i])})
		}
	}
	return ancestors
}

// walkOrMake is makeParent one segment at a time.
func (s *Store) walkOrMake(path string, owner *string) (*rootfs.Dir, []ancestor, error) {
	dir, err := s.root.Walk("")
	if err != nil {
		return nil, nil, err
	}
	maker := s.makerFor(path, owner)
	defer maker.end()
	var ancestors []ancestor
	for i := range len(path) {
		if path[i] != '/' {
			continue
		}
		directory := path[:i]
		sub, settled, err := s.makeDirectory(dir, directory, maker)
		dir.Close()
		if err != nil {
			return nil, nil, err
		}
		dir = sub
		ancestors = append(ancestors, ancestor{directory, settled})
	}
	return dir, ancestors, nil
}

func (s *Store) makeDirectory(parent *rootfs.Dir, directory string, maker *directoryMaker) (*rootfs.Dir, *settlement, error) {
	_, name := rootfs.Split(directory)
	settled := s.settled.of(directory)
	sub, err := parent.Sub(name)
	if errors.Is(err, fs.ErrNotExist) {
		s.settled.forget(directory)
		settled = s.settled.of(directory)
		if err := maker.make(parent, directory); err != nil {
			return nil, nil, err
		}
		sub, err = parent.Sub(name)
	}
	if err != nil {
		return nil, nil, rootfs.At(directory, err)
	}
	return sub, settled, nil
}

// place renames a file to path, and replaces a file that is there if it may. It
// returns the directories above, of which those that it makes count for owner. After a
// failure it leaves none that it made.
func (s *Store) place(from *rootfs.Dir, name, path string, replace bool, owner *string) ([]ancestor, error) {
	for range treeAttempts {
		ancestors, err := s.tryPlace(from, name, path, replace, owner)
		switch {
		case err == nil:
			return ancestors, nil
		// The parent was removed, or something came to the path, after a look
		// at it: look again.
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrExist), errors.Is(err, syscall.EISDIR):
			continue
		}
		s.prune(path)
		return nil, err
	}
	s.prune(path)
	return nil, fmt.Errorf("%w: the directories of %s change too often", tranship.ErrUnavailable, path)
}

// tryPlace returns errors of the operating system that are worth another attempt
// as they are, and all others as the store's.
func (s *Store) tryPlace(from *rootfs.Dir, name, path string, replace bool, owner *string) ([]ancestor, error) {
	dir, ancestors, err := s.makeParent(path, owner)
	if err != nil {
		return nil, failMake(path, err)
	}
	defer dir.Close()
	_, target := rootfs.Split(path)
	if dir.Ambiguous() {
		s.placing.Lock()
		defer s.placing.Unlock()
	}
	seen, err := dir.Lstat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case isSpelling(err) && from.IsEntry(name, dir, target):
		return ancestors, s.respell(from, name, dir, path, err)
	case err != nil:
		return nil, fail("look at", path, rootfs.At(path, err))
	case seen.IsDir():
		if err := s.removeEmpty(dir, target, path); err != nil {
			return nil, err
		}
	case !seen.Mode().IsRegular():
		return nil, fail("replace", path, &rootfs.ObstacleError{Path: path, Mode: seen.Mode()})
	case !replace:
		return nil, exists(path)
	}
	err = s.system.rename(from, name, dir, target, replace)
	directory, _ := rootfs.Split(path)
	s.keptNames.added(directory)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.EISDIR) {
		return nil, err
	}
	if err == nil && seen == nil {
		if err := s.checkPlaced(from, name, dir, path); err != nil {
			return nil, err
		}
	}
	return ancestors, failUnless(fs.ErrNotExist, "rename a file to", path, err)
}

func isSpelling(err error) bool {
	_, ok := errors.AsType[*rootfs.SpellingError](err)
	return ok
}

// respell gives a file another spelling of its name. Some file systems do nothing then
// and report success; that fails with what was found at the new spelling.
func (s *Store) respell(from *rootfs.Dir, name string, dir *rootfs.Dir, path string, found error) error {
	_, target := rootfs.Split(path)
	if err := s.system.rename(from, name, dir, target, true); err != nil {
		return fail("rename a file to", path, err)
	}
	directory, _ := rootfs.Split(path)
	s.keptNames.added(directory)
	if dir.CheckSpelling(target) == nil {
		return nil
	}
	return fmt.Errorf("%w, and does not change the spelling of a name: move the file to another name first",
		fail("look at", path, rootfs.At(path, found)))
}

// checkPlaced takes back the renaming to a new name if the file system lists the file
// under another: it was found by none other before.
func (s *Store) checkPlaced(from *rootfs.Dir, name string, dir *rootfs.Dir, path string) error {
	_, target := rootfs.Split(path)
	if plain(target) || !isSpelling(dir.CheckSpelling(target)) {
		return nil
	}
	if err := s.system.rename(dir, target, from, name, true); err != nil {
		return fail("rename a file back from", path, err)
	}
	return fail("rename a file to", path, &rootfs.NameError{Path: path})
}

// plain reports whether all file systems that have a name keep it as it is. Those that
// change names compose or decompose letters, have small ones for capitals, or drop what is
// at the end.
func plain(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf || r >= 'A' && r <= 'Z' }) &&
		!strings.HasSuffix(name, ".") && !strings.HasSuffix(name, " ")
}

func failUnless(kind error, op, path string, err error) error {
	if errors.Is(err, kind) {
		return err
	}
	return fail(op, path, err)
}

func exists(path string) error { return &tranship.PathError{Path: path, Err: tranship.ErrExists} }

// blocked fails if a file may not be put at path: early, without a change.
func (s *Store) blocked(path string) error {
	directory, name := rootfs.Split(path)
	dir, err := s.directories.Walk(directory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fail("look at", path, err)
	}
	defer dir.Close()
	seen, err := dir.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fail("look at", path, rootfs.At(path, err))
	case seen.IsDir():
		return s.checkEmpty(dir, name, path, false)
	case !seen.Mode().IsRegular():
		return fail("replace", path, &rootfs.ObstacleError{Path: path, Mode: seen.Mode()})
	}
	return nil
}

// prune removes the empty directories above path, from the lowest up, and returns
// the lowest that stays. It is no failure if one cannot be removed: they are not
// visible.
func (s *Store) prune(path string) (stays string) {
	directory, _ := rootfs.Split(path)
	for directory != "" {
		above, name := rootfs.Split(directory)
		dir, err := s.directories.Walk(above)
		if err == nil {
			err = s.removeDirectory(dir, name)
			dir.Close()
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return directory
		}
		directory = above
	}
	return ""
}

// syncPlaced makes a file that was renamed to path durable there.
func (s *Store) syncPlaced(path string, ancestors []ancestor) error {
	for _, a := range ancestors {
		if a.settled.Load() {
			continue
		}
		above, _ := rootfs.Split(a.directory)
		if err := s.syncer.Request(above); err != nil {
			return err
		}
		a.settled.Store(true)
	}
	directory, _ := rootfs.Split(path)
	return s.syncer.Request(directory)
}
