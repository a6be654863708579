//go:build linux || darwin || freebsd

package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// isSparse reports whether a file has fewer blocks than its size needs. It may be compressed.
func isSparse(info fs.FileInfo) bool {
	status, ok := info.Sys().(*syscall.Stat_t)
	const block = 512 // the unit of st_blocks, on all these systems
	return ok && status.Blocks < info.Size()/block
}

// seekHole returns the first offset from at on that is in a hole, or the size of the file. It
// moves the offset of the open file.
func seekHole(file *os.File, at int64) (int64, error) { return file.Seek(at, unix.SEEK_HOLE) }

// seekData returns the first offset from at on that is not in a hole.
func seekData(file *os.File, at int64) (int64, error) { return file.Seek(at, unix.SEEK_DATA) }

// isPastData reports whether seekData failed because there are only holes.
func isPastData(err error) bool { return errors.Is(err, unix.ENXIO) }
