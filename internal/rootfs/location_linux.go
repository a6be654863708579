package rootfs

import (
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

const (
	// descriptorLinks is the directory that has a link for each descriptor of the process. Such
	// a link leads to where the open file is at this moment: the system changes it when the
	// file, or a directory above it, is moved.
	descriptorLinks = "/proc/self/fd"
	// maxLocation is more bytes than a location has that is relied on.
	maxLocation = 4096
)

// locations reads where open directories are in the system. It is safe for concurrent use.
type locations struct {
	root *Dir
	once sync.Once
	// links is the directory of links; nil if locations cannot be relied on. device is the file
	// system of root.
	links  *Dir
	device uint64
}

func newLocations(root *Dir) *locations { return &locations{root: root} }

// open opens the directory of links.
func (l *locations) open() {
	id, ok := l.root.locate(".")
	if !ok || !l.root.isLocal() {
		return
	}
	links, err := Open(descriptorLinks)
	if err != nil {
		return
	}
	if kind, err := links.fileSystem(); err != nil || kind != unix.PROC_SUPER_MAGIC {
		links.Close()
		return
	}
	l.links, l.device = links, id.device
}

// of returns the location of the directory at a path below the root, which id identifies; "" if
// that cannot be relied on.
func (l *locations) of(path string, id directoryID) string {
	if l.once.Do(l.open); l.links == nil || id.device != l.device {
		return ""
	}
	buffer := make([]byte, maxLocation)
	n := l.read(l.root, nil, buffer)
	top := string(buffer[:n])
	switch {
	case n == 0, n == len(buffer):
		return ""
	case top == "/":
		return top + path
	default:
		return top + "/" + path
	}
}

// link opens the link that leads to an open directory, so that reading it need not look up its name. It
// returns nil if that fails. The caller must close the result before the directory.
func (l *locations) link(dir *Dir) *Descriptor {
	link := -1
	err := dir.use(func(open int) error {
		return l.links.use(func(links int) error {
			return retry(func() (err error) {
				link, err = openat(links, strconv.Itoa(open), unix.O_PATH, 0)
				return err
			})
		})
	})
	if err != nil {
		return nil
	}
	return &Descriptor{link, descriptorLinks}
}

// read reads the location of an open directory into a buffer, and returns its length. That is
// the length of the buffer if it is too short, and 0 if the system does not provide the location.
// link is that of the directory, or nil. The caller must have called of before.
func (l *locations) read(dir *Dir, link *Descriptor, buffer []byte) (n int) {
	err := dir.use(func(open int) error {
		return l.links.use(func(links int) error {
			name := ""
			if link != nil {
				links = link.number
			} else {
				name = strconv.Itoa(open)
			}
			return retry(func() (err error) {
				n, err = unix.Readlinkat(links, name, buffer)
				return err
			})
		})
	})
	if err != nil {
		return 0
	}
	return n
}

// close closes the directory of links. Locations are unknown afterwards.
func (l *locations) close() {
	l.once.Do(func() {})
	if l.links != nil {
		l.links.Close()
	}
}

// isLocal reports whether the directory is known to be on a file system that only this system
// changes. It learns changes of others, as of network file systems and FUSE, only when it looks
// up a path.
func (d *Dir) isLocal() bool {
	kind, err := d.fileSystem()
	if err != nil {
		return false
	}
	switch kind {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.TMPFS_MAGIC, unix.OVERLAYFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC,
		unix.RAMFS_MAGIC, zfsMagic, bcachefsMagic:
		return true
	}
	return false
}

// fileSystem returns the magic number of the directory's file system.
func (d *Dir) fileSystem() (uint64, error) {
	var status unix.Statfs_t
	err := d.use(func(descriptor int) error {
		return retry(func() error { return unix.Fstatfs(descriptor, &status) })
	})
	return uint64(status.Type) & 0xffff_ffff, err
}
