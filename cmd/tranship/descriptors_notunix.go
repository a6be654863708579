//go:build !unix

package main

// descriptorLimit is how many handles the process may have: more than any limit here
// comes to.
func descriptorLimit() int64 { return 1 << 20 }
