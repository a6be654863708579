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

// treeAttempts bounds how often a change is retried because directories were created or removed
// concurrently.
const treeAttempts = 100

// ancestor is a directory above a path.
type ancestor struct {
	directory string
	sync      *entrySync
}

// makeParent opens the parent directory of path, and makes missing directories, which count for
// owner. If a file blocks the path, it fails with an *rootfs.ObstacleError. If a directory is
// removed concurrently, it fails with fs.ErrNotExist.
func (s *Store) makeParent(path string, owner *string) (*rootfs.Dir, []ancestor, error) {
	parent, _ := rootfs.Split(path)
	ancestors := s.ancestors(path) // before they are opened: see entrySyncs
	if dir := s.directories.Find(parent); dir != nil {
		return dir, ancestors, nil
	}
	dir, ancestors, err := s.walkOrMake(path, owner)
	if err == nil {
		s.directories.Keep(parent, dir)
	}
	return dir, ancestors, err
}

// ancestors returns the directories above path. A caller that opens a directory afterwards can
// rely on its entrySync: see entrySyncs.
func (s *Store) ancestors(path string) []ancestor {
	ancestors := make([]ancestor, 0, 8)
	for i := range len(path) {
		if path[i] == '/' {
			ancestors = append(ancestors, ancestor{path[:i], s.entrySyncs.of(path[:i])})
		}
	}
	return ancestors
}

// walkOrMake is makeParent one segment at a time. It begins above the parent directory if that
// was used recently, as it was for another directory of the same tree.
func (s *Store) walkOrMake(path string, owner *string) (*rootfs.Dir, []ancestor, error) {
	parent, _ := rootfs.Split(path)
	above, _ := rootfs.Split(parent)
	ancestors := s.ancestors(parent) // before they are opened: see entrySyncs
	begin := len(above)
	dir := s.directories.Find(above)
	if dir == nil {
		ancestors, begin = nil, 0
		var err error
		if dir, err = s.root.Walk(""); err != nil {
			return nil, nil, err
		}
	}
	maker := s.makerFor(path, owner)
	defer maker.end()
	for i := begin + 1; i < len(path); i++ {
		if path[i] != '/' {
			continue
		}
		directory := path[:i]
		sub, synced, err := s.makeDirectory(dir, directory, maker)
		dir.Close()
		if err != nil {
			return nil, nil, err
		}
		dir = sub
		ancestors = append(ancestors, ancestor{directory, synced})
		if directory == above {
			s.directories.Keep(above, dir)
		}
	}
	return dir, ancestors, nil
}

// makeDirectory opens a directory, and makes it if it is missing.
func (s *Store) makeDirectory(parent *rootfs.Dir, directory string, maker *directoryMaker) (*rootfs.Dir, *entrySync, error) {
	_, name := rootfs.Split(directory)
	synced := s.entrySyncs.of(directory)
	sub, err := parent.Sub(name)
	if errors.Is(err, fs.ErrNotExist) {
		s.entrySyncs.forget(directory)
		synced = s.entrySyncs.of(directory)
		if err := maker.make(parent, directory); err != nil {
			return nil, nil, err
		}
		sub, err = parent.Sub(name)
	}
	if err != nil {
		return nil, nil, rootfs.At(directory, err)
	}
	return sub, synced, nil
}

// renameInto renames a file to path. It makes missing directories, which count for owner, and
// with replace it replaces a file at path. It returns the directories above path. If it fails,
// it removes the directories that it made.
func (s *Store) renameInto(from *rootfs.Dir, name, path string, replace bool, owner *string) ([]ancestor, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	for range treeAttempts {
		ancestors, err := s.tryRenameInto(from, name, path, replace, owner)
		switch {
		case err == nil:
			return ancestors, nil
		// The parent was removed, or something was created at the path, concurrently.
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrExist), errors.Is(err, syscall.EISDIR):
			continue
		}
		s.prune(path)
		return nil, err
	}
	s.prune(path)
	return nil, fmt.Errorf("%w: the directories of %s change too often", tranship.ErrUnavailable, path)
}

// tryRenameInto makes one attempt. It returns errors that are worth another attempt unchanged,
// and converts all others to errors of the store.
func (s *Store) tryRenameInto(from *rootfs.Dir, name, path string, replace bool, owner *string) ([]ancestor, error) {
	dir, ancestors, err := s.makeParent(path, owner)
	if err != nil {
		return nil, failMake(path, err)
	}
	defer dir.Close()
	_, target := rootfs.Split(path)
	if dir.Ambiguous() {
		s.renaming.Lock()
		defer s.renaming.Unlock()
	}
	seen, err := dir.Lstat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case isSpelling(err) && from.IsEntry(name, dir, target):
		return ancestors, s.respell(from, name, dir, path, err)
	case err != nil:
		return nil, fail("inspect", path, rootfs.At(path, err))
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
		if err := s.checkRenamed(from, name, dir, path); err != nil {
			return nil, err
		}
	}
	return ancestors, failUnless(fs.ErrNotExist, "rename a file to", path, err)
}

func isSpelling(err error) bool {
	_, ok := errors.AsType[*rootfs.SpellingError](err)
	return ok
}

// respell renames a file to another spelling of its name. Some file systems report success
// without an effect; then respell fails with found, the error for the new spelling.
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
		fail("inspect", path, rootfs.At(path, found)))
}

// checkRenamed undoes the rename to a new name and fails, if the file system lists the file
// under another spelling.
func (s *Store) checkRenamed(from *rootfs.Dir, name string, dir *rootfs.Dir, path string) error {
	_, target := rootfs.Split(path)
	if plain(target) || !isSpelling(dir.CheckSpelling(target)) {
		return nil
	}
	if err := s.system.rename(dir, target, from, name, true); err != nil {
		return fail("rename a file back from", path, err)
	}
	return fail("rename a file to", path, &rootfs.NameError{Path: path})
}

// plain reports whether every file system that accepts a name keeps it unchanged. File systems
// may compose or decompose letters, change upper case to lower case, and drop dots and spaces
// at the end.
func plain(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf || r >= 'A' && r <= 'Z' }) &&
		!strings.HasSuffix(name, ".") && !strings.HasSuffix(name, " ")
}

// failUnless is fail, except that it returns an error that matches kind unchanged.
func failUnless(kind error, op, path string, err error) error {
	if errors.Is(err, kind) {
		return err
	}
	return fail(op, path, err)
}

func exists(path string) error { return &tranship.PathError{Path: path, Err: tranship.ErrExists} }

// blocked fails early, without a change, if a directory or another obstacle blocks path.
func (s *Store) blocked(path string) error {
	directory, name := rootfs.Split(path)
	dir, err := s.directories.Walk(directory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fail("inspect", path, err)
	}
	defer dir.Close()
	seen, err := dir.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fail("inspect", path, rootfs.At(path, err))
	case seen.IsDir():
		return s.checkEmpty(dir, name, path, false)
	case !seen.Mode().IsRegular():
		return fail("replace", path, &rootfs.ObstacleError{Path: path, Mode: seen.Mode()})
	}
	return nil
}

// prune removes the empty directories above path, from the lowest up, and returns the lowest
// one that remains. A directory that cannot be removed is no failure, because empty directories
// are not visible.
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

// syncRenamed makes the rename of a file to path durable.
func (s *Store) syncRenamed(path string, ancestors []ancestor) error {
	for _, a := range ancestors {
		if a.sync.Load() {
			continue
		}
		above, _ := rootfs.Split(a.directory)
		if err := s.syncer.Request(above); err != nil {
			return err
		}
		a.sync.Store(true)
	}
	directory, _ := rootfs.Split(path)
	return s.syncer.Request(directory)
}
