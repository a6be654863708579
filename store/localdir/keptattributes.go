package localdir

import (
	"io/fs"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// finest is a unit that file systems keep times in, next to nanoseconds. A file system that has
// kept a time which is no multiple of it keeps all times to the nanosecond.
const finest = 100 * time.Nanosecond

// keptAttributes says that files of one directory get the attributes that they are given: the mode
// with which they are created, and any time that every file system keeps. So the files that follow need
// not be described by the system.
type keptAttributes struct {
	// mode is the mode with which a file was created, and which it had then.
	mode fs.FileMode
}

// keptOf returns what a file shows that was given attributes, and described before its mode was set;
// nil if that is not enough.
func keptOf(attributes tranship.Attributes, status rootfs.Status) *keptAttributes {
	mode, modified := attributes.Mode, attributes.ModTime
	if mode == nil || modified == nil || status.Mode != *mode || shortMode(mode) != *mode {
		return nil
	}
	if !status.ModTime.Equal(*modified) || modified.Nanosecond()%int(finest) == 0 {
		return nil
	}
	return &keptAttributes{mode: *mode}
}

// status describes a file that was given attributes and so many bytes. ok is false if only the
// system can tell.
func (k *keptAttributes) status(attributes tranship.Attributes, size int) (status rootfs.Status, ok bool) {
	if k == nil || attributes.Mode == nil || *attributes.Mode != k.mode || attributes.ModTime == nil {
		return rootfs.Status{}, false
	}
	modified := *attributes.ModTime
	return rootfs.Status{Size: int64(size), ModTime: time.Unix(modified.Unix(), int64(modified.Nanosecond())), Mode: k.mode}, true
}
