package peertimeout_test

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tranship/tranship/internal/peertimeout"
	"github.com/tranship/tranship/internal/testing/loopback"
)

// TestSet checks the options that Set sets on a connection.
func TestSet(t *testing.T) {
	conn, _ := loopback.TCP(t)
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		timeout                        time.Duration
		sending, idle, interval, alive int
	}{
		{20 * time.Second, 20_000, 10, 5, 1},
		{4 * time.Second, 4000, 2, 1, 1},
		{time.Millisecond, 1000, 1, 1, 1},
	} {
		peertimeout.Set(conn, test.timeout)
		want := map[[2]int]int{
			{unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT}: test.sending,
			{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE}:     test.idle,
			{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL}:    test.interval,
			{unix.IPPROTO_TCP, unix.TCP_KEEPCNT}:      3,
			{unix.SOL_SOCKET, unix.SO_KEEPALIVE}:      test.alive,
		}
		err := raw.Control(func(fd uintptr) {
			for option, value := range want {
				if got, err := unix.GetsockoptInt(int(fd), option[0], option[1]); err != nil || got != value {
					t.Errorf("%v: option %v is %d, %v; want %d", test.timeout, option, got, err, value)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestSetOther checks that other connections are left alone.
func TestSetOther(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	peertimeout.Set(a, time.Second)
}
