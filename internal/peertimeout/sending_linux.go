package peertimeout

import (
	"time"

	"golang.org/x/sys/unix"
)

// boundSending bounds how long sent data may stay unacknowledged: without it, that takes
// about 15 minutes, and no probe is sent meanwhile. See TCP_USER_TIMEOUT in tcp(7).
func boundSending(fd uintptr, timeout time.Duration) {
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(timeout.Milliseconds()))
}
