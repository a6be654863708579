//go:build unix && !linux

package configfile

// isReadOnly reports false, because read-only mounts are not detected on this system.
func isReadOnly(string) bool { return false }
