package rootfs

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// casefoldFlag is FS_CASEFOLD_FL of linux/fs.h: the directory ignores case.
const casefoldFlag = 0x4000_0000

// bcachefsMagic is BCACHEFS_STATFS_MAGIC, and zfsMagic ZFS_SUPER_MAGIC.
const (
	bcachefsMagic = 0xca451a4e
	zfsMagic      = 0x2fc12fc1
)

// systemMayFold goes by the file system. Of those that this does not know, such as FAT,
// NTFS, SMB and all that are made with FUSE, a name may have several spellings.
func (d *Dir) systemMayFold() bool {
	handle, err := d.handle()
	if err != nil {
		return true
	}
	var status unix.Statfs_t
	var flags uint32
	err = control(handle, func(dir int) error {
		// Where there are no flags, there is none for this.
		flags, _ = unix.IoctlGetUint32(dir, unix.FS_IOC_GETFLAGS)
		return retry(func() error { return unix.Fstatfs(dir, &status) })
	})
	if err != nil {
		return true
	}
	switch uint64(status.Type) & 0xffff_ffff {
	case unix.EXT4_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, unix.TMPFS_MAGIC, unix.OVERLAYFS_SUPER_MAGIC,
		unix.BTRFS_SUPER_MAGIC, unix.RAMFS_MAGIC, bcachefsMagic:
		return flags&casefoldFlag != 0
	case unix.XFS_SUPER_MAGIC, unix.NFS_SUPER_MAGIC, unix.CEPH_SUPER_MAGIC, zfsMagic: // as they were made
		return !d.guard.foundExact(d.device())
	}
	return true
}

// hidesStatus is hides for what was looked at without package os.
func (d *Dir) hidesStatus(found *unix.Stat_t) bool {
	if d.guard == nil {
		return false
	}
	hidden := d.guard.hidden.Load()
	if hidden == nil {
		return false
	}
	for _, info := range *hidden {
		if status, ok := info.Sys().(*syscall.Stat_t); ok && status.Ino == found.Ino && uint64(status.Dev) == uint64(found.Dev) { //nolint:unconvert // another type elsewhere
			return true
		}
	}
	return false
}
