package localdir

import (
	"sync"
	"time"
)

const (
	// newFor is how long a directory is new after it was made. Another process may begin an upload
	// into it and be killed, whose partial file only later uploads to the same target remove.
	newFor = 10 * time.Second
	// maxNew bounds how many directories are remembered.
	maxNew = 10_000
)

// newDirectories remembers the directories that a Dir has made a moment ago. In these there are no
// partial files, unless the Dir has made one since. It is safe for concurrent use. The zero value is
// ready to use.
type newDirectories struct {
	mu sync.Mutex
	// since has the time at which each directory was made.
	since map[string]time.Time
}

// made remembers that a directory was made.
func (n *newDirectories) made(path string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.since == nil || len(n.since) >= maxNew {
		n.since = map[string]time.Time{}
	}
	n.since[path] = time.Now()
}

// used forgets a directory, before a partial file is made in it.
func (n *newDirectories) used(path string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.since, path)
}

// has reports whether a directory is new and has no partial files.
func (n *newDirectories) has(path string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	since, known := n.since[path]
	if known && time.Since(since) >= newFor {
		delete(n.since, path)
		known = false
	}
	return known
}
