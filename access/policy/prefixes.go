package policy

import "slices"

// Prefixes are paths that stand for themselves and all below them, in ascending
// bytewise order, none of them below another: "" alone is everything, none is
// nothing.
type Prefixes []string

// Contain reports whether a path is one of the prefixes or below one. The directory
// "" is contained where everything is.
func (p Prefixes) Contain(path string) bool {
	return p.has(path) || p.containParent(path)
}

// containParent is Contain for the directories that a path is in.
func (p Prefixes) containParent(path string) bool {
	if path != "" && p.has("") {
		return true
	}
	for i := range len(path) {
		if path[i] == '/' && p.has(path[:i]) {
			return true
		}
	}
	return false
}

func (p Prefixes) has(prefix string) bool {
	_, found := slices.BinarySearch(p, prefix)
	return found
}
