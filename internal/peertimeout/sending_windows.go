package peertimeout

import (
	"time"

	"golang.org/x/sys/windows"
)

// boundSending bounds how long sent data may stay unacknowledged. The option counts seconds.
func boundSending(fd uintptr, timeout time.Duration) {
	_ = windows.SetsockoptInt(windows.Handle(fd), windows.IPPROTO_TCP, windows.TCP_MAXRT, int(timeout.Seconds()))
}
