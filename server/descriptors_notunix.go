//go:build !unix

package server

// descriptorLimit is how many handles the process may have: more than any limit here
// comes to.
func descriptorLimit() int64 { return 1 << 20 }
