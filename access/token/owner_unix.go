//go:build unix

package token

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// chown gives a new file the owner and group of the old one.
func chown(file *os.File, before fs.FileInfo) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	had, ok := before.Sys().(*syscall.Stat_t)
	has, okToo := info.Sys().(*syscall.Stat_t)
	if !ok || !okToo || had.Uid == has.Uid && had.Gid == has.Gid {
		return nil
	}
	if err := file.Chown(int(had.Uid), int(had.Gid)); err != nil {
		return fmt.Errorf("the file belongs to another user: run this command as that user: %w", err)
	}
	return nil
}
