package location

import (
	"golang.org/x/sys/unix"
)

// isProcess reports whether a directory is in /proc. Links there to files that a process
// has open lead to the open file, and not to the name that Readlink returns.
func isProcess(directory string) bool {
	var status unix.Statfs_t
	return unix.Statfs(directory, &status) == nil && uint64(status.Type)&0xffff_ffff == unix.PROC_SUPER_MAGIC //nolint:gosec // a magic number has 32 bits
}
