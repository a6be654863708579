//go:build !linux

package location

// isProcess reports whether a directory has links to files that processes have open.
func isProcess(string) bool { return false }
