package rootfs

import "errors"

// RenameExclusive is RenameNoReplace as a single operation of the system, or
// errors.ErrUnsupported where there is none.
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
