package rootfs

import (
	"io/fs"
	"time"
)

// Status is what Descriptor.Status reports of a file. It costs less than an fs.FileInfo.
type Status struct {
	Size    int64
	ModTime time.Time
	// Mode has the type and the permissions.
	Mode fs.FileMode
	// NoBlocks: the file takes no space of its file system. That is so for files which are made
	// up while they are read, as in /proc, and also for some that are empty or very short.
	NoBlocks bool
}
