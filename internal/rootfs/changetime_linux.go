package rootfs

import (
	"io/fs"
	"time"
)

// ChangeTime returns when a file or its attributes were changed last, by the clock of the system:
// no program can set it. ok is false if the system does not report it.
func ChangeTime(info fs.FileInfo) (changed time.Time, ok bool) {
	inode, nanoseconds := identity(info)
	return time.Unix(0, nanoseconds), inode != 0
}
