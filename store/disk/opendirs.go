package disk

import (
	"github.com/tranship/tranship/internal/rootfs"
)

// maxOpenDirs is how many directories a list has open at once, of those from the one that
// it lists to the one that it is in: each takes up to two descriptors.
const maxOpenDirs = 8

// openDirs are the directories that a list is in, the outermost first. Of a deep one only
// the innermost are open; the others are opened again when the list comes back to them.
// One goroutine may use it.
type openDirs struct {
	root *rootfs.Dir
	path []*listedDir
}

// listedDir is a directory that a list is in. dir is nil while it is not open.
type listedDir struct {
	path string
	dir  *rootfs.Dir
}

// push adds a directory, which belongs to openDirs from then on.
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

// open returns the innermost directory, which is opened again if it must be, and with it
// those around it, to which the list comes back next. They are then those that have their
// paths by now.
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

// trim closes the outermost directories, so that no more than maxOpenDirs are open.
func (o *openDirs) trim() {
	open := 0
	for i := len(o.path) - 1; i >= 0; i-- {
		if o.path[i].dir == nil {
			return // as are those around it
		}
		if open++; open > maxOpenDirs {
			o.path[i].close()
		}
	}
}

func (d *listedDir) close() {
	if d.dir != nil {
		_ = d.dir.Close() // it was only read
		d.dir = nil
	}
}
