//go:build unix

package console

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func isClosed(stream interface{ Stat() (fs.FileInfo, error) }) bool {
	info, err := stream.Stat()
	if err != nil {
		return true
	}
	null, err := os.Stat(os.DevNull)
	if err != nil || !os.SameFile(info, null) {
		return false
	}
	file, ok := stream.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return true
	}
	both := false
	err = raw.Control(func(fd uintptr) {
		flags, failed := unix.FcntlInt(fd, unix.F_GETFL, 0)
		both = failed == nil && flags&unix.O_ACCMODE == unix.O_RDWR
	})
	return err != nil || both
}
