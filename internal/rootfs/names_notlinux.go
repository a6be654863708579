//go:build !linux

package rootfs

import "os"

// IsExact is false: it is not known whether names in the directory are those of
// different files whenever their bytes differ.
func (d *Dir) IsExact() bool { return false }

// IsOpenForWriting is false: it is not known whether a file is open for writing.
func IsOpenForWriting(*os.File) bool { return false }
