package rootfs

import "errors"

// RenameExclusive is RenameNoReplace as a single system call. The error is
// errors.ErrUnsupported if the system or file system has none.
func RenameExclusive(from *Dir, name string, to *Dir, newName string) error {
	if err := errors.Join(checkSegment("rename", name), checkSegment("rename", newName)); err != nil {
		return err
	}
	err := renameNoReplace(from, name, to, newName)
	if errors.Is(err, errors.ErrUnsupported) {
		return errors.ErrUnsupported
	}
	return relative("rename", newName, err)
}
