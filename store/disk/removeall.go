package disk

import (
	"context"
	"errors"
	"io/fs"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

var _ tranship.TreeRemover = (*Store)(nil)

// RemoveAll implements tranship.TreeRemover. It syncs each directory that remains once, not
// for each file. A directory that is removed needs no sync.
func (s *Store) RemoveAll(ctx context.Context, directory string, options tranship.RemoveAllOptions) (removed int64, err error) {
	if err := admit(ctx, directory); err != nil {
		return 0, err
	}
	if err := s.usable(); err != nil {
		return 0, err
	}
	if err := s.present(); err != nil {
		return 0, err
	}
	dir, err := s.root.Walk(directory)
	if rootfs.IsAbsent(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fail("remove", directory, err)
	}
	r := &treeRemoval{lister: s.newLister(ctx), options: options}
	changed := false
	err = withoutMark(r.within(directory, dir, func(directory string) (err error) {
		changed, err = r.empty(directory)
		return err
	}))
	if changed && err == nil {
		err = s.finishRemoval(join(directory, "-"))
	}
	return r.removed, err
}

// treeRemoval is the state of a RemoveAll call.
type treeRemoval struct {
	*lister
	options tranship.RemoveAllOptions
	removed int64
}

// empty removes all files in a directory and below it, and the directories below it. The
// directory is the innermost open directory of the lister. changed reports whether the
// directory itself must still be synced; it is false if err is not nil.
func (r *treeRemoval) empty(directory string) (changed bool, err error) {
	err = r.each(directory, key{}, false, func(dir *rootfs.Dir, child child) error {
		var gone bool
		var err error
		if child.IsDir() {
			gone, err = r.directory(dir, child)
		} else {
			gone, err = r.file(child)
		}
		changed = changed || gone
		return err
	})
	if err != nil && changed {
		return false, errors.Join(err, r.syncRemoval(directory))
	}
	return changed, err
}

// file removes a file, and tells of it, unless it is gone or something else is in its place.
func (r *treeRemoval) file(child child) (gone bool, err error) {
	gone, err = r.remove(child)
	if !gone {
		return false, err
	}
	r.removed++
	if r.options.Progress != nil {
		r.options.Progress(child.path) // without the lock: the client may be slow to read
	}
	return true, nil
}

// remove removes a file. It finds the file by its path: the directory that the list has
// open may have another path by now, below which the caller may not remove anything.
func (r *treeRemoval) remove(child child) (gone bool, err error) {
	unlock, err := r.store.paths.Lock(r.ctx, child.path)
	if err != nil {
		return false, err
	}
	defer unlock()
	directory, _ := rootfs.Split(child.path)
	dir, err := r.store.directories.Walk(directory)
	if rootfs.IsAbsent(err) {
		return false, nil
	}
	if err != nil {
		return false, fail("remove", child.path, err)
	}
	defer dir.Close()
	info, err := dir.Lstat(child.name)
	if rootfs.IsAbsent(err) || err == nil && !info.Mode().IsRegular() {
		return false, nil
	}
	if err == nil && r.options.Allow != nil {
		if err := r.options.Allow(child.path); err != nil {
			return false, err
		}
	}
	if err == nil {
		err = dir.Remove(child.name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fail("remove", child.path, err)
	}
	r.store.forgetCommit(child.path)
	return true, nil
}

// directory removes the content of a directory, and the directory, unless something remains in
// it.
func (r *treeRemoval) directory(dir *rootfs.Dir, child child) (gone bool, err error) {
	changed := false
	err = r.enter(dir, child, func(directory string) (err error) {
		changed, err = r.empty(directory)
		return err
	})
	if err != nil {
		return false, err
	}
	parent, err := r.dirs.open()
	if err == nil {
		err = r.store.removeDirectory(parent, child.name)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	// An empty directory that remains is no failure, because it is not visible.
	if changed {
		return false, r.syncRemoval(child.path)
	}
	return false, nil
}

// syncRemoval syncs a directory whose entries were removed, if the store's durability requires
// that.
func (r *treeRemoval) syncRemoval(directory string) error {
	if r.store.durability(tranship.DurabilityDefault) != tranship.DurabilityDurable {
		return nil
	}
	return r.store.syncer.Request(directory)
}
