package rootfs

import (
	"errors"
	"io/fs"
	"syscall"
)

// Rename moves a file from one directory to another, atomically, and replaces an existing
// file. It fails if the destination is a directory.
func Rename(from *Dir, name string, to *Dir, newName string) error {
	if err := errors.Join(checkSegment("rename", name), checkSegment("rename", newName)); err != nil {
		return err
	}
	return relative("rename", newName, rename(from, from.resolve(name), to, to.resolveNew(newName, from, name)))
}

// RenameNoReplace is Rename, except that it fails with fs.ErrExist if the destination
// exists. It is one system call on Linux. Elsewhere, and on file systems that do not
// support that call, it makes a hard link and removes the old name. That is just as safe,
// but shows both names for a moment. Where there are no hard links either, it checks and
// then renames, which is safe only if all writers hold a common lock.
func RenameNoReplace(from *Dir, name string, to *Dir, newName string) error {
	if err := errors.Join(checkSegment("rename", name), checkSegment("rename", newName)); err != nil {
		return err
	}
	stored, newStored := from.resolve(name), to.resolveNew(newName, from, name)
	err := renameNoReplace(from, stored, to, newStored)
	if errors.Is(err, errors.ErrUnsupported) {
		err = linkAndRemove(from, stored, to, newStored)
	}
	return relative("rename", newName, err)
}

func linkAndRemove(from *Dir, name string, to *Dir, newName string) error {
	err := link(from, name, to, newName)
	switch {
	case err == nil:
		return from.unlink(name)
	case errors.Is(err, fs.ErrExist):
		return err
	case errors.Is(err, fs.ErrNotExist):
		// Linux also returns this error for a file whose link count is 0.
		if _, missing := from.root.Lstat(name); missing != nil {
			return err
		}
	}
	if _, err := to.root.Lstat(newName); err == nil {
		return fs.ErrExist
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return rename(from, name, to, newName)
}

// descriptors calls do with the descriptors of two directories.
func descriptors(from, to *Dir, do func(from, to int) error) error {
	return from.use(func(source int) error {
		return to.use(func(target int) error {
			return do(source, target)
		})
	})
}

// control calls do with a file's descriptor, which stays open meanwhile.
func control(file syscall.Conn, do func(descriptor int) error) error {
	connection, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := connection.Control(func(descriptor uintptr) { failed = do(int(descriptor)) }); err != nil {
		return fs.ErrClosed // the only possible reason
	}
	return failed
}
