//go:build !linux

package rootfs

import "os"

// IsOpenForWriting is false: it is not known whether a file is open for writing.
func IsOpenForWriting(*os.File) bool { return false }
