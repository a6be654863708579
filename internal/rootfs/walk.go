package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// attempts bounds how often an operation is repeated when what it found was replaced
// before it was opened. Even for files that are replaced all the time, a few attempts are
// enough.
const attempts = 100

// Sub opens a directory in d. Anything but a directory is an *ObstacleError.
func (d *Dir) Sub(name string) (*Dir, error) { return d.sub(name, d.admit) }

// SubListed is Sub for a name that the directory has just listed. It does not check the
// spelling of the name, which may have to read the directory again.
func (d *Dir) SubListed(name string) (*Dir, error) { return d.sub(name, d.admitListed) }

func (d *Dir) sub(name string, admit func(name string, found fs.FileInfo) error) (*Dir, error) {
	if err := checkSegment("open", name); err != nil {
		return nil, err
	}
	root, info, err := d.openDirectory(name)
	if err != nil {
		return nil, err
	}
	sub := New(root)
	if d.guard == nil {
		return sub, nil
	}
	err = admit(name, info)
	if err == nil && d.guard.marked(sub) {
		err = &ObstacleError{Path: name, Mode: info.Mode(), Hidden: true}
	}
	if err != nil {
		return nil, errors.Join(err, sub.Close())
	}
	sub.guard, sub.exact = d.guard, d.exact && !d.ambiguous()
	return sub, nil
}

// openDirectory opens a directory in d, and describes it.
func (d *Dir) openDirectory(name string) (*os.Root, fs.FileInfo, error) {
	last := error(&fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist})
	for range attempts {
		stored := d.resolve(name)
		seen, err := d.root.Lstat(stored)
		if err != nil {
			return nil, nil, err
		}
		if !seen.IsDir() {
			return nil, nil, &ObstacleError{Path: name, Mode: seen.Mode()}
		}
		// The suffix "/." makes this fail for anything but a directory: opening a FIFO
		// that took its place would block.
		root, err := d.root.OpenRoot(stored + "/.")
		if err != nil {
			last = err // perhaps of a link that took its place for a moment
			continue
		}
		opened, err := root.Stat(".")
		if err == nil && os.SameFile(seen, opened) {
			return root, opened, nil
		}
		root.Close()
		if err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, last
}

// Walk opens the directory at a path; "" and "." return another handle of d itself. A
// missing directory is fs.ErrNotExist, and anything but a directory on the way an
// *ObstacleError.
func (d *Dir) Walk(path string) (*Dir, error) {
	return d.walk(path, (*Dir).Sub)
}

// MkdirAll is Walk, but creates missing directories, with mode 0777 before the umask. If
// a directory is removed meanwhile, it may still return fs.ErrNotExist.
func (d *Dir) MkdirAll(path string) (*Dir, error) {
	return d.walk(path, func(parent *Dir, name string) (*Dir, error) {
		sub, err := parent.Sub(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return sub, err
		}
		if err := parent.Mkdir(name, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		return parent.Sub(name)
	})
}

func (d *Dir) walk(path string, step func(parent *Dir, name string) (*Dir, error)) (*Dir, error) {
	root, err := d.root.OpenRoot(".")
	if err != nil {
		return nil, err
	}
	dir := New(root)
	dir.guard, dir.exact = d.guard, d.exact
	if path == "" || path == "." {
		return dir, nil
	}
	end := 0
	for name := range strings.SplitSeq(path, "/") {
		end += len(name)
		sub, err := step(dir, name)
		dir.Close()
		if err != nil {
			return nil, At(path[:end], err)
		}
		dir = sub
		end++
	}
	return dir, nil
}

// Split cuts a path into its directory, "" at the top, and its last segment.
func Split(path string) (directory, name string) {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i], path[i+1:]
	}
	return "", path
}
