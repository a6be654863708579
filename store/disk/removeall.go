package disk

import (
	"context"
	"errors"
	"io/fs"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

var _ tranship.TreeRemover = (*Store)(nil)

// RemoveAll implements tranship.TreeRemover. It syncs each directory that stays once, not
// for each file; one that goes needs no sync.
func (s *Store) RemoveAll(ctx context.Context, directory string, options tranship.RemoveAllOptions) (removed int64, err error) {
	if err := admit(ctx, directory); err != nil {
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
		err = s.settleRemoval(join(directory, "-"))
	}
	return r.removed, err
}

// treeRemoval is one RemoveAll.
type treeRemoval struct {
	*lister
	options tranship.RemoveAllOptions
	removed int64
}

// empty removes all files in a directory and below it, and the directories below it. The
// directory is the innermost of those that the lister is in. It reports whether it has
// removed an entry of the directory itself that is not durably gone yet: with an error,
// there is none.
func (r *treeRemoval) empty(directory string) (changed bool, err error) {
	err = r.each(directory, key{}, false, func(dir *rootfs.Dir, child child) error {
		remove := r.file
		if child.IsDir() {
			remove = r.directory
		}
		gone, err := remove(dir, child)
		changed = changed || gone
		return err
	})
	if err != nil && changed {
		return false, errors.Join(err, r.settle(directory))
	}
	return changed, err
}

// file removes a file, unless it is gone, or something else is in its place.
func (r *treeRemoval) file(dir *rootfs.Dir, child child) (gone bool, err error) {
	unlock, err := r.store.paths.Lock(r.ctx, child.path)
	if err != nil {
		return false, err
	}
	defer unlock()
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
	r.removed++
	if r.options.Progress != nil {
		r.options.Progress(child.path)
	}
	return true, nil
}

// directory removes what is in a directory, and the directory, unless something stays in
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
	// That it stays is no failure: it is not visible.
	if changed {
		return false, r.settle(child.path)
	}
	return false, nil
}

// settle makes durable that entries of a directory have gone, if changes are to be.
func (r *treeRemoval) settle(directory string) error {
	if r.store.durability(tranship.DurabilityDefault) != tranship.DurabilityDurable {
		return nil
	}
	return r.store.syncer.Request(directory)
}
