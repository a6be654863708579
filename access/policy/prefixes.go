package policy

import "slices"

// Prefixes are paths, each of which stands for itself and everything below it, in
// ascending bytewise order. None is below another. The only prefix "" stands for the whole
// store.
type Prefixes []string

// top returns the paths that are not below another, in their order. It changes the order of p.
func (p Prefixes) top() Prefixes {
	slices.Sort(p)
	p = slices.Compact(p)
	var top Prefixes
	for _, prefix := range p {
		if !p.containParent(prefix) {
			top = append(top, prefix)
		}
	}
	return top
}

// Contain reports whether path is one of the prefixes or below one of them. The path "",
// the root of the store, is contained only if the prefixes stand for the whole store.
func (p Prefixes) Contain(path string) bool {
	return p.has(path) || p.containParent(path)
}

// containParent reports whether a directory above path is one of the prefixes.
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
