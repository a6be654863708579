package disk

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

const (
	// listBytes is the number of bytes of names that a list keeps in memory. While it reads a
	// directory, it may be twice as many.
	listBytes = 2 << 20
	// leastWindow is the number of bytes of names that each directory may have regardless of
	// the budget. It is enough for more than 30 of the longest names.
	leastWindow = 8 << 10
	// itemBytes is the size of a name beside its text.
	itemBytes = 8
)

// nameBudget is the number of bytes of names that a list may still use. Each directory on the
// path of the list gets a share of what is left, so that deeper directories get less.
type nameBudget struct{ left int }

// window has some of the names in a directory, by ascending key: as many consecutive ones as
// the budget allows. It reads the directory again for the following names, unless kept has
// them. It is not safe for concurrent use.
type window struct {
	budget    *nameBudget
	directory string
	// entries reads the directory: see system.
	entries func(dir *rootfs.Dir, path string, each func(rootfs.Entry) bool) error
	// kept has windows that earlier lists have read; it may be nil.
	kept *nameCache
	// report is set if the window also has entries that the store does not serve, other than
	// the state directory.
	report bool
	// from is the key at which the list begins.
	from key

	// text has the names of items, one after the other.
	text  []byte
	items []item
	next  int
	// held is the number of bytes that were taken from the budget.
	held int
	// last is the last key of the window. complete is set if the directory has no key after
	// it.
	last     key
	complete bool
}

// item is a name in a window's text.
type item struct {
	start  uint32
	length uint16
	kind   itemKind
}

// itemKind is the kind of the entry with a name.
type itemKind uint8

const (
	itemFile itemKind = iota
	itemDir
	itemLink
	itemSpecial
	// itemUnknown is an entry whose type could not be read.
	itemUnknown
	// itemUnnamed is a flag for entries whose name does not make a valid path.
	itemUnnamed itemKind = 1 << 7
)

// kindOf returns the kind of an entry of a directory, by its type.
func kindOf(entry rootfs.Entry) itemKind {
	switch kind := entry.Type(); {
	case entry.IsUnknown():
		return itemUnknown
	case entry.IsDir():
		return itemDir
	case kind.IsRegular():
		return itemFile
	case kind&fs.ModeSymlink != 0:
		return itemLink
	default:
		return itemSpecial
	}
}

func (i item) isDir() bool { return i.kind&^itemUnnamed == itemDir }

// isServed reports whether the store serves, or may serve, entries of a kind.
func (k itemKind) isServed() bool { return k == itemFile || k == itemDir || k == itemUnknown }

// fill replaces the names of the window by those that follow, and reports whether there are
// any. It reads in turns. If the turn's context ends, the window may be incomplete.
func (w *window) fill(dir *rootfs.Dir, turn *turn) (bool, error) {
	w.release()
	if w.complete {
		return false, nil
	}
	limit := max(w.budget.left/2, leastWindow)
	before := w.last
	var read nameRead
	if w.kept != nil {
		if k := w.kept.find(dir, w, limit); k != nil {
			w.adopt(k)
			return w.next < len(w.items), nil
		}
		read = w.kept.begin(w.directory)
	}
	w.complete = true
	stopped := false
	err := w.entries(dir, w.directory, func(entry rootfs.Entry) bool {
		read.entries++
		if !turn.next() {
			stopped = true
			return false
		}
		name, kind := entry.Name(), kindOf(entry)
		own := key{name, kind == itemDir}
		switch {
		case !kind.isServed() && !w.report:
			return true
		case own.compare(w.from) < 0 || own.compare(before) <= 0:
			return true
		case !w.complete && own.compare(w.last) > 0:
			return true
		case w.directory == "" && strings.EqualFold(name, tranship.ReservedSegment):
			return true
		case isName(w.directory, name):
		case !w.report:
			return true
		default:
			kind |= itemUnnamed
		}
		w.items = append(w.items, item{uint32(len(w.text)), uint16(len(name)), kind})
		w.text = append(w.text, name...)
		if w.size() > 2*limit {
			w.cut(limit)
		}
		return true
	})
	if err != nil && !rootfs.IsAbsent(err) { // absent: removed after it was opened
		return false, err
	}
	if w.size() > limit {
		w.cut(limit)
	}
	w.sort()
	w.compact(len(w.items))
	w.reserve()
	if w.kept != nil && !stopped && err == nil {
		w.kept.keep(dir, w, before, read)
	}
	return len(w.items) > 0, nil
}

// reserve subtracts the size of the window from the budget.
func (w *window) reserve() {
	w.held = w.size()
	w.budget.left -= w.held
}

// adopt makes the window use the names of a kept one, and skips those that come before its next
// name.
func (w *window) adopt(k *keptWindow) {
	after := w.last
	w.text, w.items, w.last, w.complete = k.text, k.items, k.last, k.complete
	w.reserve()
	w.next, _ = slices.BinarySearchFunc(w.items, 0, func(i item, _ int) int {
		own := key{string(w.name(i)), i.isDir()}
		if own.compare(w.from) < 0 || own.compare(after) <= 0 {
			return -1
		}
		return 1
	})
}

// size returns the size of the window in bytes.
func (w *window) size() int { return len(w.text) + itemBytes*len(w.items) }

func (w *window) name(i item) []byte { return w.text[i.start : i.start+uint32(i.length)] }

func (w *window) sort() {
	slices.SortFunc(w.items, func(a, b item) int {
		return rootfs.CompareNameBytes(w.name(a), a.isDir(), w.name(b), b.isDir())
	})
}

// cut keeps the first names of the window, up to limit bytes, and at least one.
func (w *window) cut(limit int) {
	w.sort()
	kept, size := 0, 0
	for kept < len(w.items) && (kept == 0 || size+int(w.items[kept].length)+itemBytes <= limit) {
		size += int(w.items[kept].length) + itemBytes
		kept++
	}
	if kept == len(w.items) {
		return
	}
	w.complete = false
	w.compact(kept)
	last := w.items[kept-1]
	w.last = key{string(w.name(last)), last.isDir()}
}

// compact keeps the first n items, and drops the text of the others.
func (w *window) compact(n int) {
	length := 0
	for _, i := range w.items[:n] {
		length += int(i.length)
	}
	if n == len(w.items) && cap(w.text)-length < 1<<10 {
		return
	}
	text := make([]byte, 0, length)
	items := make([]item, n)
	for at, i := range w.items[:n] {
		items[at] = item{uint32(len(text)), i.length, i.kind}
		text = append(text, w.name(i)...)
	}
	w.text, w.items = text, items
}

// child returns the next child. ok is false at the end of the window; then fill reads more.
func (w *window) child() (c child, ok bool) {
	if w.next == len(w.items) {
		return child{}, false
	}
	i := w.items[w.next]
	w.next++
	name := string(w.name(i))
	c = child{name: name, path: join(w.directory, name)}
	c.key = c.path
	if i.isDir() {
		c.key += "/"
	}
	switch {
	case i.kind&itemUnnamed != 0:
		c.unserved = tranship.ValidatePath(c.path)
	case i.kind == itemUnknown:
		c.unknown = true
	case i.kind == itemLink:
		c.unserved = kindError("it is a symbolic link")
	case i.kind == itemSpecial:
		c.unserved = kindError("it is a special file")
	}
	return c, true
}

// release drops the names of the window, and returns their size to the budget.
func (w *window) release() {
	w.budget.left += w.held
	w.text, w.items, w.next, w.held = nil, nil, 0, 0
}

// isName reports whether a name makes a valid path in a directory with a valid path. It does not
// concatenate them, because there may be many names, and the path of the directory may be long.
func isName(directory, name string) bool {
	switch {
	case directory == "":
		return tranship.ValidatePath(name) == nil
	case len(directory)+1+len(name) > tranship.MaxPathBytes:
		return false
	case tranship.ValidatePath(name) == nil:
		return true
	}
	// The reserved name is reserved only at the root.
	return tranship.ValidatePath("d/"+name) == nil
}
