package localdir

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// openDirectory is an open directory of a Dir in which a file is written.
type openDirectory struct {
	*rootfs.Dir
	// path is relative to the Dir; "" is the Dir itself.
	path  string
	names directoryNames
	// exact is true if two names in the directory are never one file.
	exact bool
	// kept is what the directory has kept of a file of PutBatch; nil if that is unknown.
	kept atomic.Pointer[keptAttributes]
}

// enter opens a directory; "" is d itself. It fails if the directory is listed under another
// spelling. If create is set it creates missing directories. The caller closes the result.
func (d *Dir) enter(path string, create bool) (*openDirectory, error) {
	exact, known := d.spellings.known(path)
	if known {
		if dir, err := d.directories.Walk(path); err == nil {
			return &openDirectory{Dir: dir, path: path, names: d.namesOf(dir), exact: exact}, nil
		}
	}
	if path == "" {
		return d.entered(d.top.Share(), "")
	}
	above, name := rootfs.Split(path)
	parent, err := d.enter(above, create)
	if err != nil {
		return nil, err
	}
	defer parent.Close()
	sub, err := d.enterSub(parent, name, create)
	if err != nil {
		return nil, err
	}
	d.directories.Keep(path, sub)
	return d.entered(sub, path)
}

// entered returns dir as an openDirectory, and remembers whether its names are exact.
func (d *Dir) entered(dir *rootfs.Dir, path string) (*openDirectory, error) {
	names := d.namesOf(dir)
	exact := names.IsExact()
	d.spellings.know(path, exact)
	return &openDirectory{Dir: dir, path: path, names: names, exact: exact}, nil
}

// enterSub opens one directory in parent, as enter does.
func (d *Dir) enterSub(parent *openDirectory, name string, create bool) (*rootfs.Dir, error) {
	path := join(parent.path, name)
	release, err := d.claimSpelling(parent, name)
	if err != nil {
		return nil, err
	}
	_, err = parent.names.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && create:
		err = d.news.make(path, func() error { return parent.names.Mkdir(name, 0o777) })
		if errors.Is(err, fs.ErrExist) { // meanwhile
			err = d.checkSpelling(parent, name)
		}
	case err == nil:
		err = d.checkSpelling(parent, name)
	}
	var sub *rootfs.Dir
	if err == nil {
		sub, err = parent.names.Sub(name)
	}
	if err == nil {
		return sub, nil
	}
	release()
	return nil, aboveError(d.nameOf(path), err)
}

// nameOf returns the name of a path for messages, in the notation of this machine.
func (d *Dir) nameOf(path string) string {
	return filepath.FromSlash(strings.TrimPrefix(strings.TrimRight(filepath.ToSlash(d.name), "/")+"/"+path, "./"))
}

// aboveError explains why a directory cannot be entered.
func aboveError(name string, err error) error {
	obstacle, ok := errors.AsType[*rootfs.ObstacleError](err)
	switch {
	case ok && obstacle.Mode&fs.ModeSymlink != 0:
		return targetExists("%s is a symbolic link, and links below the target are not followed", name)
	case ok:
		return targetExists("%s is %s, not a directory", name, kindOrFile(obstacle.Mode))
	case errors.Is(err, syscall.ENOTDIR):
		return targetExists("%s is not a directory", name)
	}
	if _, ok := errors.AsType[*TargetError](err); ok {
		return err
	}
	return targetError(err)
}

// kindOrFile returns the words for what is in the place of a directory.
func kindOrFile(mode fs.FileMode) string {
	if mode.IsRegular() {
		return "a file"
	}
	return kind(mode)
}

// targetExists returns a *TargetError that matches tranship.ErrExists.
func targetExists(format string, args ...any) error {
	return &TargetError{fmt.Errorf("%w: %w", tranship.ErrExists, fmt.Errorf(format, args...))}
}
