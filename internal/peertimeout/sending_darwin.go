package peertimeout

import (
	"time"

	"golang.org/x/sys/unix"
)

// boundSending bounds how long sent data may stay unacknowledged. The option counts seconds.
func boundSending(fd uintptr, timeout time.Duration) {
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_RXT_CONNDROPTIME, int(timeout.Seconds()))
}
