package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"sync/atomic"
)

// guard is the state that all directories below a root opened by OpenGuarded share. It is
// safe for concurrent use.
type guard struct {
	// hidden are the directories and files that no name may lead to.
	hidden atomic.Pointer[[]fs.FileInfo]
	// mark is the extended attribute of private directories. A directory that has it is
	// hidden too.
	mark string
	// exactDevice is the file system on which Probe found that a name has one spelling.
	exactDevice atomic.Pointer[uint64]
	// listings caches the names in ambiguous directories.
	listings listings
	// folding is nil except in tests.
	folding *Folding
}

// OpenGuarded is Open for a tree in which users choose names and other programs may
// rename things. In it and in all directories below:
//
//   - A name finds only what the directory lists under exactly that name. File systems
//     that ignore case, normalisation or some characters, or that have short names
//     beside long ones, find more; that is a *SpellingError. The check reads the
//     directory, but only on file systems that may find more.
//   - Everything passed to Hide or Private is an *ObstacleError, even after it was renamed.
//     It is recognised by device and inode, after it was opened.
//   - A directory with the extended attribute mark is an *ObstacleError too: an earlier
//     process, or one with another root, made it private. File systems without extended
//     attributes cannot recognise it.
func OpenGuarded(name, mark string) (*Dir, error) {
	dir, err := Open(name)
	if err != nil {
		return nil, err
	}
	dir.guard, dir.exact = &guard{mark: mark}, true
	return dir, nil
}

// setMark marks a directory if the file system has extended attributes.
func (g *guard) setMark(dir *Dir) error {
	handle, err := dir.handle()
	if err != nil {
		return err
	}
	if value, err := Getxattr(handle, g.mark); err == nil && value != nil {
		return nil
	}
	err = Setxattr(handle, g.mark, []byte("1"))
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		return nil // or it is another user's
	}
	return err
}

// marked reports whether a directory is marked.
func (g *guard) marked(dir *Dir) bool {
	handle, err := dir.handle()
	if err != nil {
		return false
	}
	value, err := Getxattr(handle, g.mark)
	return err == nil && value != nil
}

// Private opens a directory in d, marks it, and hides it: no other method leads to it
// from then on, in any part of the tree. The returned directory, and those below it, are
// not guarded.
func (d *Dir) Private(name string) (*Dir, error) {
	if err := checkSegment("open", name); err != nil {
		return nil, err
	}
	root, _, err := d.openDirectory(name)
	if err != nil {
		return nil, err
	}
	private := New(root)
	if err := d.Hide(private); err != nil {
		return nil, errors.Join(err, private.Close())
	}
	return private, nil
}

// Hide makes the guarded tree hide a directory, and marks it. It must stay open as long
// as the tree is used; otherwise its inode number could be reused by another file.
func (d *Dir) Hide(dir *Dir) error {
	info, err := dir.root.Stat(".")
	if err != nil {
		return err
	}
	d.HideFile(info)
	return d.guard.setMark(dir)
}

// HideFile is Hide for an open file.
func (d *Dir) HideFile(info fs.FileInfo) {
	for {
		old := d.guard.hidden.Load()
		var hidden []fs.FileInfo
		if old != nil {
			hidden = append(hidden, *old...)
		}
		hidden = append(hidden, info)
		if d.guard.hidden.CompareAndSwap(old, &hidden) {
			return
		}
	}
}

// Leads reports whether name leads to the directory to at this moment, hidden or not.
func (d *Dir) Leads(name string, to *Dir) (bool, error) {
	if err := checkSegment("lstat", name); err != nil {
		return false, err
	}
	seen, err := d.root.Lstat(d.resolve(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	info, err := to.root.Stat(".")
	return err == nil && os.SameFile(seen, info), err
}

// IsEntry reports whether other is the directory d, and spelling finds the same file there as
// name.
func (d *Dir) IsEntry(name string, other *Dir, spelling string) bool {
	file, err := d.root.Lstat(d.resolve(name))
	if err != nil || !d.same(other) {
		return false
	}
	found, err := other.root.Lstat(other.resolve(spelling))
	return err == nil && os.SameFile(file, found)
}

// same reports whether d and other are the same directory.
func (d *Dir) same(other *Dir) bool {
	one, err := d.root.Stat(".")
	if err != nil {
		return false
	}
	two, err := other.root.Stat(".")
	return err == nil && os.SameFile(one, two)
}

// hides reports whether a file that was found is hidden.
func (d *Dir) hides(found fs.FileInfo) bool {
	if d.guard == nil {
		return false
	}
	hidden := d.guard.hidden.Load()
	if hidden == nil {
		return false
	}
	for _, info := range *hidden {
		if os.SameFile(info, found) {
			return true
		}
	}
	return false
}

// admit fails for what a name must not lead to: hidden files, and files that the
// directory lists under another spelling.
func (d *Dir) admit(name string, found fs.FileInfo) error {
	if err := d.admitListed(name, found); err != nil {
		return err
	}
	return d.CheckSpelling(name)
}

// admitListed is admit for a name that the directory has listed.
func (d *Dir) admitListed(name string, found fs.FileInfo) error {
	if d.hides(found) {
		return &ObstacleError{Path: name, Mode: found.Mode(), Hidden: true}
	}
	return nil
}
