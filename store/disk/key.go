package disk

import "github.com/tranship/tranship/internal/rootfs"

// key is the sort key of an entry within its directory: its name, followed by '/' if it is a
// directory. The zero value sorts before all others.
type key struct {
	name  string
	isDir bool
}

// compare returns -1, 0 or 1 if k sorts before, with or after other.
func (k key) compare(other key) int {
	return rootfs.CompareNames(k.name, k.isDir, other.name, other.isDir)
}
