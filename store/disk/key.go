package disk

import (
	"cmp"
	"strings"
)

// key is the sort key of an entry within its directory: its name, followed by '/' if it is a
// directory. The zero value sorts before all others.
type key struct {
	name  string
	isDir bool
}

// compare returns -1, 0 or 1 if k sorts before, with or after other.
func (k key) compare(other key) int {
	n := min(len(k.name), len(other.name))
	if c := strings.Compare(k.name[:n], other.name[:n]); c != 0 {
		return c
	}
	return cmp.Compare(after(k.name, n, k.isDir), after(other.name, n, other.isDir))
}

// after returns the byte of a key that follows the first n bytes of its name; -1 at its end.
func after[T string | []byte](name T, n int, isDir bool) int {
	switch {
	case len(name) > n:
		return int(name[n])
	case isDir:
		return '/'
	default:
		return -1
	}
}
