package disk

// child is an entry of a directory: a file, a directory, or one that the store does not
// serve.
type child struct {
	name, path, key string
	// unserved is the reason why the store does not serve the entry; nil if it does.
	unserved error
	// unknown is set if the type of the entry could not be read.
	unknown bool
}

// IsDir reports whether the child is a directory, which its key shows.
func (c child) IsDir() bool { return len(c.key) > len(c.path) }
