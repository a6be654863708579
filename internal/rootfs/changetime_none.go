//go:build !linux && !darwin

package rootfs

import (
	"io/fs"
	"time"
)

// ChangeTime returns when a file or its attributes were changed last, by the clock of the system:
// no program can set it. ok is false if the system does not report it.
func ChangeTime(fs.FileInfo) (changed time.Time, ok bool) { return time.Time{}, false }
