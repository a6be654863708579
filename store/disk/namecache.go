package disk

import (
	"hash/maphash"
	"io/fs"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship/internal/rootfs"
)

const (
	// minKept is the number of entries from which on the windows of a directory are kept.
	// Reading a smaller directory costs no more than checking it.
	minKept = 512
	// maxKept bounds the number of windows that are kept, and keptBytes their total size.
	maxKept   = 64
	keptBytes = 8 << 20
	// keptTime is how long names are kept. It is short because some file systems do not
	// record the time of a change of a directory.
	keptTime = 10 * time.Second
	// timeGrain is the coarsest resolution of the times of a directory, that of FAT.
	timeGrain = 2 * time.Second
	// changeStripes is the number of counters of changes. Each counter is for many
	// directories.
	changeStripes = 1024
)

// nameCache keeps the windows of large directories that lists have read, so that a list in
// pages does not read the directory again for each page. A window is valid as long as the
// directory has the identity and times that it had when it was read, provided that it had not
// been changed just before, and the store has not added a name since. The cache only has
// names: a list describes each file anew, and skips a name whose file was removed. It is safe
// for concurrent use.
type nameCache struct {
	now func() time.Time

	seed    maphash.Seed
	changes [changeStripes]atomic.Uint32
	// count is len(kept), or one more while mu is held, to be read without mu.
	count atomic.Int32

	mu sync.Mutex
	// kept has the windows, in the order of their last use.
	kept   []*keptWindow
	timer  *time.Timer // nil while nothing is kept
	closed bool
}

// keptWindow is the immutable content of a window.
type keptWindow struct {
	directory string
	report    bool
	// info describes the directory that was read.
	info fs.FileInfo
	read time.Time

	// The window has the keys from the key from on that are after before, up to last.
	from, before, last key
	complete           bool
	text               []byte
	items              []item
}

// nameRead is one pass over the entries of a directory.
type nameRead struct {
	began  time.Time
	change uint32
	// entries is the number of entries that were read.
	entries int
}

func newNameCache(now func() time.Time) *nameCache {
	return &nameCache{now: now, seed: maphash.MakeSeed()}
}

func (c *nameCache) stripe(directory string) *atomic.Uint32 {
	return &c.changes[maphash.String(c.seed, directory)%changeStripes]
}

// begin must be called before a directory is read.
func (c *nameCache) begin(directory string) nameRead {
	return nameRead{began: c.now(), change: c.stripe(directory).Load()}
}

// keep keeps a window that was just read, if its directory is large and has not changed since
// shortly before the read began.
func (c *nameCache) keep(dir *rootfs.Dir, w *window, before key, read nameRead) {
	if read.entries < minKept {
		return
	}
	info, err := dir.Stat()
	if err != nil || read.began.Sub(lastChange(info)) <= timeGrain {
		return
	}
	added := &keptWindow{
		directory: w.directory, report: w.report, info: info, read: read.began,
		from: w.from, before: before, last: w.last, complete: w.complete, text: w.text, items: w.items,
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	// Count before comparing changes: then either keep sees a change that happens now, or
	// added sees a kept window to forget, and waits for mu.
	c.count.Store(int32(len(c.kept) + 1))
	if c.stripe(w.directory).Load() != read.change {
		c.updateCountLocked()
		return
	}
	c.kept = append(slices.DeleteFunc(c.kept, func(k *keptWindow) bool {
		return k.isOf(w) && k.from == added.from && k.before == added.before
	}), added)
	size := 0
	for i, k := range slices.Backward(c.kept) {
		if size += k.size(); size > keptBytes || len(c.kept)-i > maxKept {
			c.kept = slices.Delete(c.kept, 0, i+1)
			break
		}
	}
	c.updateCountLocked()
}

// find returns a kept window with the names that w needs next, of at most limit bytes. It
// returns nil if there is none, or the directory has changed since.
func (c *nameCache) find(dir *rootfs.Dir, w *window, limit int) *keptWindow {
	if c.count.Load() == 0 {
		return nil
	}
	c.mu.Lock()
	found := slices.IndexFunc(c.kept, func(k *keptWindow) bool {
		return k.isOf(w) && k.covers(w.from, w.last) && k.size() <= limit
	})
	if found < 0 {
		c.mu.Unlock()
		return nil
	}
	k := c.kept[found]
	c.kept = append(slices.Delete(c.kept, found, found+1), k)
	c.mu.Unlock()
	info, err := dir.Stat()
	age := c.now().Sub(k.read)
	if err == nil && age >= 0 && age < keptTime && sameDirectory(k.info, info) {
		return k
	}
	c.forget(func(other *keptWindow) bool { return other == k })
	return nil
}

// added must be called when the store has added a name to a directory.
func (c *nameCache) added(directory string) {
	c.stripe(directory).Add(1)
	if c.count.Load() > 0 {
		c.forget(func(k *keptWindow) bool { return k.directory == directory })
	}
}

func (c *nameCache) forget(which func(*keptWindow) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = slices.DeleteFunc(c.kept, which)
	c.updateCountLocked()
}

// updateCountLocked updates count after a change of kept, and starts the timer that expires
// the windows.
func (c *nameCache) updateCountLocked() {
	c.count.Store(int32(len(c.kept)))
	if len(c.kept) > 0 && c.timer == nil {
		c.timer = time.AfterFunc(keptTime, c.expire)
	}
}

// expire forgets the windows that are older than keptTime.
func (c *nameCache) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer = nil
	if c.closed {
		return
	}
	now := c.now()
	c.kept = slices.DeleteFunc(c.kept, func(k *keptWindow) bool { return now.Sub(k.read) >= keptTime })
	c.updateCountLocked()
}

// close forgets all windows. The cache keeps none afterwards.
func (c *nameCache) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed, c.kept = true, nil
	c.count.Store(0)
	if c.timer != nil {
		c.timer.Stop()
	}
}

// lastChange returns the time of the last change of a directory or its attributes.
func lastChange(info fs.FileInfo) time.Time {
	changed := info.ModTime()
	if _, nanoseconds := rootfs.Identity(info); nanoseconds > changed.UnixNano() {
		changed = time.Unix(0, nanoseconds)
	}
	return changed
}

// sameDirectory reports whether a directory has not changed from a to b.
func sameDirectory(a, b fs.FileInfo) bool {
	_, changedA := rootfs.Identity(a)
	_, changedB := rootfs.Identity(b)
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && changedA == changedB
}

func (k *keptWindow) isOf(w *window) bool { return k.directory == w.directory && k.report == w.report }

func (k *keptWindow) size() int { return len(k.text) + itemBytes*len(k.items) }

// covers reports whether the window has the first of the names that do not sort before from,
// and sort after before. Both may be the zero value.
func (k *keptWindow) covers(from, before key) bool {
	begins := (from.compare(k.from) >= 0 || before.compare(k.from) >= 0) &&
		(k.before == key{} || before.compare(k.before) >= 0 || from.compare(k.before) > 0)
	return begins && (k.complete || from.compare(k.last) <= 0 && before.compare(k.last) < 0)
}
