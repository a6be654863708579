package disk

import (
	"bytes"
	"cmp"
	"io/fs"
	"slices"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

const (
	// listBytes is how many bytes of names a list may have in memory; while it reads a
	// directory, up to twice as many.
	listBytes = 2 << 20
	// leastWindow is how many bytes of names it may have of each directory in any case:
	// more than 30 of the longest names.
	leastWindow = 8 << 10
	// itemBytes is what a name takes beside its letters.
	itemBytes = 8
)

// nameBudget is how many bytes of names a list may still have. Each directory that it is
// in gets a part of what is left, and so less the deeper it is.
type nameBudget struct{ left int }

// window has the names of files and directories in a directory, by ascending key: not
// all of them at once, but as many as the budget allows. It reads the directory again
// for those that come after, unless they are kept. One goroutine may use it.
type window struct {
	budget    *nameBudget
	directory string
	// entries reads the directory: see system.
	entries func(dir *rootfs.Dir, path string, each func(rootfs.Entry) bool) error
	// kept has windows that earlier lists have read; nil: none.
	kept *nameCache
	// report: the window also has what the store does not serve, but not the state.
	report bool
	// from is the first key that is wanted.
	from key

	// text has the names of items, one after the other.
	text  []byte
	items []item
	next  int
	// held is what was taken out of the budget.
	held int
	// last is the last key of the window, complete tells that there is none after it.
	last     key
	complete bool
}

// item is a name in a window's text.
type item struct {
	start  uint32
	length uint16
	kind   itemKind
}

// itemKind says what has a name, and whether the store serves it.
type itemKind uint8

const (
	itemFile itemKind = iota
	itemDir
	itemLink
	itemSpecial
	// itemUnknown cannot be looked at: it may be of any kind.
	itemUnknown
	// itemUnnamed is added to the others: the name does not make a valid path.
	itemUnnamed itemKind = 1 << 7
)

// kindOf is the kind of an entry of a directory, by its type.
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

// isServed reports whether the store serves what is of a kind, or may do so.
func (k itemKind) isServed() bool { return k == itemFile || k == itemDir || k == itemUnknown }

// fill reads the names after those that were there, in turns. It reports whether there
// are any. When the turn's context ends, it may have read only some.
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
			w.take(k)
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
	w.hold()
	if w.kept != nil && !stopped && err == nil {
		w.kept.keep(dir, w, before, read)
	}
	return len(w.items) > 0, nil
}

// hold takes the window's names out of the budget.
func (w *window) hold() {
	w.held = w.size()
	w.budget.left -= w.held
}

// take has the names of a window that was kept, from those on that are wanted.
func (w *window) take(k *keptWindow) {
	after := w.last
	w.text, w.items, w.last, w.complete = k.text, k.items, k.last, k.complete
	w.hold()
	w.next, _ = slices.BinarySearchFunc(w.items, 0, func(i item, _ int) int {
		own := key{string(w.name(i)), i.isDir()}
		if own.compare(w.from) < 0 || own.compare(after) <= 0 {
			return -1
		}
		return 1
	})
}

// size is how many bytes the window takes.
func (w *window) size() int { return len(w.text) + itemBytes*len(w.items) }

func (w *window) name(i item) []byte { return w.text[i.start : i.start+uint32(i.length)] }

func (w *window) sort() {
	slices.SortFunc(w.items, func(a, b item) int {
		nameA, nameB := w.name(a), w.name(b)
		n := min(len(nameA), len(nameB))
		if c := bytes.Compare(nameA[:n], nameB[:n]); c != 0 {
			return c
		}
		return cmp.Compare(after(nameA, n, a.isDir()), after(nameB, n, b.isDir()))
	})
}

// cut keeps the first names, of limit bytes.
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

// compact keeps the first n items, and no more text than theirs.
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

// child is the next one. ok is false at the end of the window: see fill.
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

// release gives the window's names up.
func (w *window) release() {
	w.budget.left += w.held
	w.text, w.items, w.next, w.held = nil, nil, 0, 0
}

// isName reports whether a name makes a valid path in a directory whose own is valid. The
// path is not put together: there may be many names, and the directory's may be long.
func isName(directory, name string) bool {
	switch {
	case directory == "":
		return tranship.ValidatePath(name) == nil
	case len(directory)+1+len(name) > tranship.MaxPathBytes:
		return false
	case tranship.ValidatePath(name) == nil:
		return true
	}
	// What is reserved at the root is not here.
	return tranship.ValidatePath("d/"+name) == nil
}
