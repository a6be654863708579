package rootfs

import (
	"os"

	"golang.org/x/sys/unix"
)

// casefoldFlag is FS_CASEFOLD_FL of linux/fs.h.
const casefoldFlag = 0x40000000

// IsExact reports whether names in the directory are known to be those of different
// files whenever their bytes differ, and to be listed as they were given. It is false
// where that is not so, as where letter case is ignored, and where it is not known.
func (d *Dir) IsExact() bool {
	handle, err := d.handle()
	if err != nil {
		return false
	}
	exact := false
	err = control(handle, func(dir int) error {
		var status unix.Statfs_t
		if err := retry(func() error { return unix.Fstatfs(dir, &status) }); err != nil {
			return err
		}
		switch uint32(status.Type) { //nolint:gosec // a magic number, of 32 bits
		case unix.EXT4_SUPER_MAGIC, unix.TMPFS_MAGIC, unix.F2FS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.RAMFS_MAGIC:
			flags, err := unix.IoctlGetUint32(dir, unix.FS_IOC_GETFLAGS)
			// Where directories have no flags, none of them folds case.
			exact = err == nil && flags&casefoldFlag == 0 || err == unix.ENOTTY || err == unix.EOPNOTSUPP
		}
		return nil
	})
	return err == nil && exact
}

// IsOpenForWriting reports whether a file, itself open for reading only, is known to be
// open for writing, by this process or another. It is false where the system does not
// tell, as for other users' files.
func IsOpenForWriting(file *os.File) bool {
	writing := false
	_ = control(file, func(descriptor int) error {
		// The system grants no lease to read while there are writers.
		_, err := unix.FcntlInt(uintptr(descriptor), unix.F_SETLEASE, unix.F_RDLCK)
		writing = err == unix.EAGAIN
		if err == nil {
			_, err = unix.FcntlInt(uintptr(descriptor), unix.F_SETLEASE, unix.F_UNLCK)
		}
		return err
	})
	return writing
}
