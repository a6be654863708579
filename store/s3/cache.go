package s3

import "sync"

// cacheEntries is how many entries a cache has at most, and sweptEntries how many it forgets
// when it is full.
const (
	cacheEntries = 1 << 16
	sweptEntries = cacheEntries / 8
)

// cache maps keys to values, and forgets arbitrary ones when it is full. The zero value is
// empty. It is safe for concurrent use.
type cache[K comparable, V any] struct {
	mu     sync.Mutex
	values map[K]V
}

// recordCache has the records of attributes by their ids.
type recordCache = cache[string, string]

func (c *cache[K, V]) get(key K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	value, ok := c.values[key]
	return value, ok
}

func (c *cache[K, V]) put(key K, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.values == nil {
		c.values = make(map[K]V)
	}
	if len(c.values) >= cacheEntries {
		left := sweptEntries
		for old := range c.values {
			if left--; left < 0 {
				break
			}
			delete(c.values, old)
		}
	}
	c.values[key] = value
}

func (c *cache[K, V]) drop(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.values, key)
}
