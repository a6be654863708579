package configfile

import "golang.org/x/sys/unix"

// isReadOnly reports whether a directory is mounted so that nothing in it can be
// changed here, as Kubernetes mounts those of ConfigMaps, whose mode is 0777.
func isReadOnly(directory string) bool {
	var stat unix.Statfs_t
	return unix.Statfs(directory, &stat) == nil && stat.Flags&unix.ST_RDONLY != 0
}
