package disk

// child is a file or directory in a directory, or something else that is there.
type child struct {
	name, path, key string
	// unserved is why the store does not have it; nil: it does.
	unserved error
	// unknown: it could not be looked at.
	unknown bool
}

// IsDir tells a directory by its key.
func (c child) IsDir() bool { return len(c.key) > len(c.path) }
