package rootfs

import (
	"bytes"
	"cmp"
	"strings"
)

// CompareNames compares two names of one directory in the order of lists, which is bytewise
// and takes the name of a directory with a '/' at its end. Files that are visited in this
// order, each directory at its place, come in the bytewise order of their paths.
func CompareNames(a string, isDirA bool, b string, isDirB bool) int {
	n := min(len(a), len(b))
	if c := strings.Compare(a[:n], b[:n]); c != 0 {
		return c
	}
	return cmp.Compare(after(a, n, isDirA), after(b, n, isDirB))
}

// CompareNameBytes is CompareNames for names that are bytes.
func CompareNameBytes(a []byte, isDirA bool, b []byte, isDirB bool) int {
	n := min(len(a), len(b))
	if c := bytes.Compare(a[:n], b[:n]); c != 0 {
		return c
	}
	return cmp.Compare(after(a, n, isDirA), after(b, n, isDirB))
}

// after returns the byte that follows the first n bytes of a name; -1 at its end.
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
