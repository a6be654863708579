package rootfs

import (
	"os"

	"golang.org/x/sys/unix"
)

// IsOpenForWriting reports whether a file, itself open for reading only, is known to be
// open for writing, by this process or another. It is false where the system does not
// report that, such as for files of other users.
func IsOpenForWriting(file *os.File) bool {
	writing := false
	_ = control(file, func(descriptor int) error {
		// Linux grants no read lease while the file has writers.
		_, err := unix.FcntlInt(uintptr(descriptor), unix.F_SETLEASE, unix.F_RDLCK)
		writing = err == unix.EAGAIN
		if err == nil {
			_, err = unix.FcntlInt(uintptr(descriptor), unix.F_SETLEASE, unix.F_UNLCK)
		}
		return err
	})
	return writing
}
