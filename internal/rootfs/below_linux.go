package rootfs

import (
	"os"

	"golang.org/x/sys/unix"
)

// OpenBelow opens the file or directory at a path below d for reading, in one system
// call. It follows no link and does not wait for the writer of a FIFO. When it fails,
// Walk and OpenFile give the reason.
func (d *Dir) OpenBelow(path string) (*os.File, error) {
	opened, err := d.openBelow(path, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(opened), d.root.Name()+"/"+path), nil
}

func (d *Dir) openBelow(path string, flag uint64) (opened int, err error) {
	how := unix.OpenHow{
		Flags:   flag | unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_LARGEFILE,
		Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_BENEATH,
	}
	err = d.use(func(dir int) error {
		return retry(func() (err error) {
			opened, err = unix.Openat2(dir, path, &how)
			return err
		})
	})
	return opened, relative("open", path, err)
}
