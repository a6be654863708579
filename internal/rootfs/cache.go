package rootfs

import (
	"sync"
	"time"
)

const (
	// maxCached bounds the directories that a Cache keeps open.
	maxCached = 64
	// cacheTime is how long an unused directory is kept: an open directory prevents
	// unmounting, and the space of a removed one is not freed.
	cacheTime = time.Second
)

// Cache keeps directories open that are walked to repeatedly. It returns what Dir.Walk
// would: each call checks that the path still leads to the cached directory, through no
// link. On Linux that check is one system call for the whole path; elsewhere the cache
// keeps nothing. It is safe for concurrent use.
type Cache struct {
	root      *Dir
	locations *locations

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

// NewCache returns an empty cache of directories below root, which must stay open as long
// as the cache is used.
func NewCache(root *Dir) *Cache {
	return &Cache{root: root, locations: newLocations(root), kept: map[string]*cachedDir{}}
}

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

// Find returns what Walk would if the directory is cached, and nil otherwise. The caller
// closes the result.
func (c *Cache) Find(path string) *Dir {
	dir, _ := c.find(path)
	return dir
}

// find implements Find. It also returns what identifies the directory, unless path is "".
func (c *Cache) find(path string) (*Dir, directoryID) {
	if path == "" {
		return c.root.Share(), directoryID{}
	}
	c.mu.Lock()
	found := c.kept[path]
	if found == nil {
		c.mu.Unlock()
		return nil, directoryID{}
	}
	dir := found.dir.Share()
	found.used = true
	c.mu.Unlock()
	if id, ok := c.root.locate(path); ok && id == found.id {
		return dir, id
	}
	dir.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept[path] == found {
		c.dropLocked(path)
	}
	return nil, directoryID{}
}

// Leads reports whether a path leads to dir at this moment, through no link. It is false in
// doubt.
func (c *Cache) Leads(path string, dir *Dir) bool {
	if path == "" {
		return true // the root is where it is
	}
	there, found := c.root.locate(path)
	id, ok := dir.locate(".")
	return found && ok && there == id
}

// Keep caches the directory to which path led. The caller still has to close dir.
func (c *Cache) Keep(path string, dir *Dir) {
	if dir.guard != nil && !dir.exact {
		return // the check of a cached path does not check its spelling
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
		c.dropLocked(other)
	}
	c.kept[path] = &cachedDir{dir: dir.Share(), id: id, used: true}
	if c.timer == nil {
		c.timer = time.AfterFunc(cacheTime, c.expire)
	}
}

// dropLocked closes a cached directory and removes it from the cache.
func (c *Cache) dropLocked(path string) {
	c.kept[path].dir.Close()
	delete(c.kept, path)
}

// expire drops the directories that were not used since its last run.
func (c *Cache) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for path, kept := range c.kept {
		if !kept.used {
			c.dropLocked(path)
		} else {
			kept.used = false
		}
	}
	if c.timer = nil; len(c.kept) > 0 {
		c.timer = time.AfterFunc(cacheTime, c.expire)
	}
}

// Close drops all cached directories. Directories that were returned stay open.
func (c *Cache) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.locations.close()
	for path := range c.kept {
		c.dropLocked(path)
	}
	if c.timer != nil {
		c.timer.Stop()
	}
}
