package disk

import (
	"github.com/tranship/tranship/internal/rootfs"
)

// maxOpenDirs is the number of directories that a list has open at once. Each takes up to two
// descriptors.
const maxOpenDirs = 8

// openDirs has the directories from the one that is listed to the one that the list is in, the
// outermost first. Only the innermost maxOpenDirs are open; the others are opened again when
// the list returns to them. It is not safe for concurrent use.
type openDirs struct {
	root *rootfs.Dir
	path []*listedDir
}

// listedDir is an element of openDirs. dir is nil while it is not open.
type listedDir struct {
	path string
	dir  *rootfs.Dir
}

// push adds an innermost directory. openDirs closes it.
func (o *openDirs) push(path string, dir *rootfs.Dir) *listedDir {
	added := &listedDir{path, dir}
	o.path = append(o.path, added)
	o.trim()
	return added
}

// pop closes the innermost directory.
func (o *openDirs) pop() {
	last := o.path[len(o.path)-1]
	o.path = o.path[:len(o.path)-1]
	last.close()
}

// open returns the innermost directory. If it is not open, it opens it and the directories
// around it again, by their paths.
func (o *openDirs) open() (*rootfs.Dir, error) {
	last := len(o.path) - 1
	if o.path[last].dir != nil {
		return o.path[last].dir, nil
	}
	first := max(last-maxOpenDirs+1, 0)
	dir, err := o.root.Walk(o.path[first].path)
	for i := first; err == nil; i++ {
		o.path[i].dir = dir
		if i == last {
			return dir, nil
		}
		_, name := rootfs.Split(o.path[i+1].path)
		dir, err = dir.Sub(name)
	}
	for _, around := range o.path[first:] {
		around.close()
	}
	return nil, err
}

// trim closes the outermost directories, so that at most maxOpenDirs are open.
func (o *openDirs) trim() {
	open := 0
	for i := len(o.path) - 1; i >= 0; i-- {
		if o.path[i].dir == nil {
			return // those around it are closed too
		}
		if open++; open > maxOpenDirs {
			o.path[i].close()
		}
	}
}

func (d *listedDir) close() {
	if d.dir != nil {
		_ = d.dir.Close() // cannot lose data: it was only read
		d.dir = nil
	}
}
