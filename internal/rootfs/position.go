package rootfs

import "errors"

// Position is an open directory and the path that led to it. It checks whether the path still
// does. It is not safe for concurrent use.
type Position struct {
	cache *Cache
	path  string
	dir   *Dir
	id    directoryID
	// location is where the directory is in the system; "" if that cannot be relied on. read has
	// room for it and one more byte.
	location string
	read     []byte
	// link leads to the directory. It is nil before the second of the checks of Holds, and if it
	// cannot be opened or read.
	link   *Descriptor
	checks int
}

// Position returns the position of the directory at a path if the directory is cached, and nil
// otherwise. The caller must close it.
func (c *Cache) Position(path string) *Position {
	dir, id := c.find(path)
	if dir == nil {
		return nil
	}
	p := &Position{cache: c, path: path, dir: dir, id: id}
	if path != "" {
		p.location = c.locations.of(path, id)
		p.read = make([]byte, len(p.location)+1)
	}
	return p
}

// Dir returns the directory, which stays open until the position is closed.
func (p *Position) Dir() *Dir { return p.dir }

// Path returns the path.
func (p *Position) Path() string { return p.path }

// Leads reports whether the path leads to the directory at this moment, through no link. It is
// false in doubt.
func (p *Position) Leads() bool {
	if p.path == "" {
		return true // the root is where it is
	}
	there, ok := p.cache.root.locate(p.path)
	return ok && there == p.id
}

// Holds reports whether Leads would be true at this moment, with one exception: the caller must
// call Leads later to find out whether another file system was mounted over the path. For a
// directory on a local file system of Linux, Holds makes one system call and Leads three.
func (p *Position) Holds() bool {
	if p.path == "" || p.location == "" {
		return p.Leads()
	}
	if p.checks++; p.checks == 2 {
		p.link = p.cache.locations.link(p.dir)
	}
	n := p.cache.locations.read(p.dir, p.link, p.read)
	if n == 0 && p.link != nil { // not every system reads a link through its descriptor
		_ = p.closeLink()
		n = p.cache.locations.read(p.dir, nil, p.read)
	}
	return string(p.read[:n]) == p.location
}

// Close closes the directory.
func (p *Position) Close() error { return errors.Join(p.closeLink(), p.dir.Close()) }

func (p *Position) closeLink() error {
	if p.link == nil {
		return nil
	}
	link := p.link
	p.link = nil
	return link.Close()
}
