package rootfs

import (
	"io/fs"
	"syscall"
	"time"
)

// ChangeTime returns when a file or its attributes were changed last, by the clock of the system:
// no program can set it. ok is false if the system does not report it.
func ChangeTime(info fs.FileInfo) (changed time.Time, ok bool) {
	status, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(status.Ctimespec.Unix()), true
}
