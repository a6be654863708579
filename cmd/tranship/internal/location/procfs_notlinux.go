//go:build !linux

package location

// isProcess reports whether a directory has links to what processes have open.
func isProcess(string) bool { return false }
