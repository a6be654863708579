// Package peertimeout makes the system end TCP connections whose other end is gone, without
// messages of the protocol above TCP, which the server may not permit.
package peertimeout

import (
	"net"
	"time"
)

const (
	// idleShare and intervalShare are the parts of the timeout after which the system
	// probes a connection on which nothing came, and between two probes. So at least two
	// probes must be lost.
	idleShare, intervalShare = 2, 4
	// probes is how many probes must be lost where the system has no timeout of its own.
	probes = 3
	// shortest is the unit in which systems measure these times.
	shortest = time.Second
)

// Set makes the system end conn once its other end has acknowledged nothing for about
// timeout, neither data nor probes. It does nothing with a connection that is not one of TCP,
// and where the system refuses it: the connection then ends later.
func Set(conn net.Conn, timeout time.Duration) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	// A connection that has ended already shows it at its first use.
	_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{
		Enable:   true,
		Idle:     max(timeout/idleShare, shortest),
		Interval: max(timeout/intervalShare, shortest),
		Count:    probes,
	})
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { boundSending(fd, max(timeout, shortest)) })
}
