//go:build unix

package transfer

import (
	"io/fs"
	"os"
	"syscall"
)

// ownerOf returns a file's user and how many names it has; false: it is not known.
func ownerOf(info fs.FileInfo) (user int, links uint64, ok bool) {
	status, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(status.Uid), uint64(status.Nlink), true //nolint:unconvert // another type elsewhere
}

// effectiveUser owns what this process creates.
func effectiveUser() int { return os.Geteuid() }
