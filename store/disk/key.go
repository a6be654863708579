package disk

import (
	"cmp"
	"strings"
)

// key is what a list sorts by within a directory: a name, with a '/' after it if it is a
// directory's. The zero value is before all others.
type key struct {
	name  string
	isDir bool
}

// compare compares keys.
func (k key) compare(other key) int {
	n := min(len(k.name), len(other.name))
	if c := strings.Compare(k.name[:n], other.name[:n]); c != 0 {
		return c
	}
	return cmp.Compare(after(k.name, n, k.isDir), after(other.name, n, other.isDir))
}

// after is what a key has after the first n letters of its name; -1 at its end.
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
