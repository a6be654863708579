package configfile

import "golang.org/x/sys/unix"

// isReadOnly reports whether the mount of a directory is read-only, as Kubernetes mounts
// the directories of ConfigMaps, whose mode is 0777.
func isReadOnly(directory string) bool {
	var stat unix.Statfs_t
	return unix.Statfs(directory, &stat) == nil && stat.Flags&unix.ST_RDONLY != 0
}
