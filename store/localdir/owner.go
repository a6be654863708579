package localdir

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"

	"github.com/tranship/tranship/internal/rootfs"
)

// isOurs reports whether a file in a directory is a regular file that belongs to this
// process's user.
func isOurs(dir *rootfs.Dir, info fs.FileInfo) bool {
	if !info.Mode().IsRegular() {
		return false
	}
	user, ok := rootfs.Owner(info)
	if !ok || int(user) == os.Geteuid() {
		return true
	}
	// On some file systems all files belong to one user. A new file shows which.
	ours, err := sample(dir)
	if err != nil {
		return false
	}
	mine, ok := rootfs.Owner(ours)
	return ok && user == mine
}

// isPrivate reports whether a file in a directory belongs to this process's user, has only
// one name, and cannot be written to by other users. Then only this user has written what is
// in it.
func isPrivate(dir *rootfs.Dir, info fs.FileInfo) bool {
	if !isOurs(dir, info) {
		return false
	}
	if _, known := rootfs.Owner(info); !known { // the system has no modes and links either
		return true
	}
	if rootfs.Links(info) > 1 { // 0 if the file system does not count them
		return false
	}
	if !isShared(info.Mode()) {
		return true
	}
	// On some file systems all files have one mode.
	ours, err := sample(dir)
	return err == nil && isShared(ours.Mode())
}

// isShared reports whether other users may write to a file of that mode.
func isShared(mode fs.FileMode) bool { return mode&0o022 != 0 }

// sample creates a file that no other user may read or write, removes it, and returns its
// description.
func sample(dir *rootfs.Dir) (info fs.FileInfo, err error) { return create(dir, 0o600) }

// defaultMode returns the mode of new files in a directory.
func defaultMode(dir *rootfs.Dir) (fs.FileMode, error) {
	info, err := create(dir, 0o666)
	if err != nil {
		return 0, err
	}
	return info.Mode().Perm(), nil
}

// create creates a file, removes it, and returns its description.
func create(dir *rootfs.Dir, mode fs.FileMode) (info fs.FileInfo, err error) {
	name := temporaryPrefix + rand.Text()[:16] + temporarySuffix
	file, err := dir.CreateFile(name, mode)
	if err != nil {
		return nil, err
	}
	info, err = file.Stat()
	return info, errors.Join(err, file.Close(), dir.Remove(name))
}
