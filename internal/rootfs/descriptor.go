package rootfs

import (
	"io/fs"
	"time"
)

// Status is what Dir.Status and Descriptor.Status report of a file. It costs less than an fs.FileInfo.
type Status struct {
	Size    int64
	ModTime time.Time
	// Mode has the type and the permissions.
	Mode fs.FileMode
	// NoBlocks: the file takes no space of its file system. That is so for files which are made
	// up while they are read, as in /proc, and also for some that are empty or very short.
	NoBlocks bool
	// Device is the number of the file system; 0 if it is unknown.
	Device uint64
}

// Status describes the file, directory or link called name, as Lstat does.
func (d *Dir) Status(name string) (Status, error) {
	if err := checkSegment("lstat", name); err != nil {
		return Status{}, err
	}
	if d.guard != nil {
		return d.lstatStatus(name)
	}
	return d.status(name)
}

// StatusListed is Status for a name that the directory has just listed. It does not check the
// spelling of the name.
func (d *Dir) StatusListed(name string) (Status, error) {
	if err := checkSegment("lstat", name); err != nil {
		return Status{}, err
	}
	return d.statusListed(name)
}

func (d *Dir) lstatStatus(name string) (Status, error) {
	info, err := d.Lstat(name)
	if err != nil {
		return Status{}, err
	}
	return Status{Size: info.Size(), ModTime: info.ModTime(), Mode: info.Mode()}, nil
}
