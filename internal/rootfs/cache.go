package rootfs

import (
	"sync"
	"time"
)

const (
	// maxCached bounds the directories that a Cache keeps open.
	maxCached = 64
	// cacheTime is how long one is kept that nobody uses: an open directory is in
	// the way of who unmounts it, and of a removed one's space.
	cacheTime = time.Second
)

// Cache keeps directories open that are walked to again and again. What it returns is
// what Dir.Walk would: each time it makes sure that the path still leads to the
// directory that it has, and through no link. On Linux that takes one look at the
// whole path; elsewhere it keeps nothing. It is safe for concurrent use.
type Cache struct {
	root *Dir

	mu     sync.Mutex
	kept   map[string]*cachedDir
	timer  *time.Timer // nil while nothing is kept
	closed bool
}

type cachedDir struct {
	dir  *Dir
	id   directoryID
	used bool // since the timer last fired
}

// NewCache returns an empty cache of directories below root, which must be open as
// long as it is used.
func NewCache(root *Dir) *Cache { return &Cache{root: root, kept: map[string]*cachedDir{}} }

// Walk is Dir.Walk of the root. The caller closes what it returns.
func (c *Cache) Walk(path string) (*Dir, error) {
	if dir := c.Find(path); dir != nil {
		return dir, nil
	}
	dir, err := c.root.Walk(path)
	if err == nil {
		c.Keep(path, dir)
	}
	return dir, err
}

// Find is Walk if the directory is kept; otherwise nil.
func (c *Cache) Find(path string) *Dir {
	if path == "" {
		return c.root.Share()
	}
	c.mu.Lock()
	found := c.kept[path]
	if found == nil {
		c.mu.Unlock()
		return nil
	}
	dir := found.dir.Share()
	found.used = true
	c.mu.Unlock()
	if id, ok := c.root.locate(path); ok && id == found.id {
		return dir
	}
	dir.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept[path] == found {
		c.drop(path)
	}
	return nil
}

// Keep keeps a directory to which path led. It stays the caller's to close.
func (c *Cache) Keep(path string, dir *Dir) {
	if dir.guard != nil && !dir.exact {
		return // that the path still leads there does not tell its spelling
	}
	id, ok := dir.locate(".")
	if there, found := c.root.locate(path); !ok || !found || there != id {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.kept[path] != nil {
		return
	}
	for other := range c.kept {
		if len(c.kept) < maxCached {
			break
		}
		c.drop(other)
	}
	c.kept[path] = &cachedDir{dir: dir.Share(), id: id, used: true}
	if c.timer == nil {
		c.timer = time.AfterFunc(cacheTime, c.expire)
	}
}

// drop forgets a directory. The caller holds mu.
func (c *Cache) drop(path string) {
	c.kept[path].dir.Close()
	delete(c.kept, path)
}

// expire drops what was not used since the last time.
func (c *Cache) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for path, kept := range c.kept {
		if !kept.used {
			c.drop(path)
		} else {
			kept.used = false
		}
	}
	if c.timer = nil; len(c.kept) > 0 {
		c.timer = time.AfterFunc(cacheTime, c.expire)
	}
}

// Close drops everything. Directories that were returned stay open.
func (c *Cache) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for path := range c.kept {
		c.drop(path)
	}
	if c.timer != nil {
		c.timer.Stop()
	}
}
