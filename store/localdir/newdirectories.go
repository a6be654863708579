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
	mu   sync.Mutex
	made map[string]*newDirectory
}

// newDirectory is a directory that was made, or is being made.
type newDirectory struct {
	// since is the time at which the directory was made; zero before that.
	since time.Time
}

// make calls mkdir, which makes the directory at a path, and returns its error. It remembers the
// directory if mkdir succeeds, unless another goroutine makes a partial file in it before mkdir returns.
func (n *newDirectories) make(path string, mkdir func() error) error {
	entry, own := n.enter(path)
	err := mkdir()
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.made[path] != entry:
	case err == nil:
		entry.since = time.Now()
	case own && entry.since.IsZero():
		delete(n.made, path)
	}
	return err
}

// enter returns the entry of a directory that is about to be made. own is true if the directory had none.
func (n *newDirectories) enter(path string) (entry *newDirectory, own bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if known := n.made[path]; known != nil {
		return known, false
	}
	if n.made == nil || len(n.made) >= maxNew {
		n.made = map[string]*newDirectory{}
	}
	entry = &newDirectory{}
	n.made[path] = entry
	return entry, true
}

// used forgets a directory, before a partial file is made in it.
func (n *newDirectories) used(path string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.made, path)
}

// has reports whether a directory is new and has no partial files.
func (n *newDirectories) has(path string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	entry := n.made[path]
	if entry == nil || entry.since.IsZero() {
		return false
	}
	if time.Since(entry.since) >= newFor {
		delete(n.made, path)
		return false
	}
	return true
}
