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

// exactness is what the type of a file system and the flags of a directory imply about
// names.
type exactness int

const (
	// unknownNames may have several spellings, as on FAT, NTFS, SMB, FUSE.
	unknownNames exactness = iota
	// exactNames have one spelling each.
	exactNames
	// configuredNames have one spelling, or several, as the file system was made.
	configuredNames
)

// exactness queries the system. The result is unknownNames if that fails.
func (d *Dir) exactness() exactness {
	var status unix.Statfs_t
	var flags uint32
	err := d.use(func(dir int) error {
		if err := retry(func() error { return unix.Fstatfs(dir, &status) }); err != nil {
			return err
		}
		var err error
		flags, err = unix.IoctlGetUint32(dir, unix.FS_IOC_GETFLAGS)
		if err == unix.ENOTTY || err == unix.EOPNOTSUPP {
			return nil // without flags, no directory ignores case
		}
		return err
	})
	if err != nil {
		return unknownNames
	}
	switch uint64(status.Type) & 0xffff_ffff {
	case unix.EXT4_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, unix.TMPFS_MAGIC, unix.OVERLAYFS_SUPER_MAGIC,
		unix.BTRFS_SUPER_MAGIC, unix.RAMFS_MAGIC, bcachefsMagic:
		if flags&casefoldFlag == 0 {
			return exactNames
		}
	case unix.XFS_SUPER_MAGIC, unix.NFS_SUPER_MAGIC, unix.CEPH_SUPER_MAGIC, zfsMagic:
		return configuredNames
	}
	return unknownNames
}

// systemMayFold reports whether a name may have several spellings, according to the file
// system and the result of Probe.
func (d *Dir) systemMayFold() bool {
	switch d.exactness() {
	case exactNames:
		return false
	case configuredNames:
		return !d.guard.foundExact(d.device())
	default:
		return true
	}
}

// IsExact reports whether names in the directory are known to belong to different files
// whenever their bytes differ, and to be listed as they were given. It is false where
// letter case is ignored, and where that is unknown.
func (d *Dir) IsExact() bool { return d.exactness() == exactNames }

// hidesStatus is hides for a file that was described without package os.
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
