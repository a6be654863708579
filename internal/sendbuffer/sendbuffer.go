// Package sendbuffer bounds what the system holds of connections within one machine.
package sendbuffer

import "net"

// loopbackBytes is the send buffer of a connection within one machine, in bytes. The system may
// use twice as much, because it counts its own memory, too. On such a connection nothing is under
// way: all that is in the buffers of both ends only waits, and its bytes leave the caches of the
// processor while it does. The system would let several MiB wait, which takes a fifth more processor
// time at the receiver; see docs/design/performance.md.
const loopbackBytes = 256 << 10

// Bound bounds the send buffer of conn if both of its ends have loopback addresses. It leaves
// other connections alone: their buffers must grow to hold what is under way. It does nothing with
// a connection that is not one of TCP, and where the system refuses it.
func Bound(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok && isLoopback(tcp.LocalAddr()) && isLoopback(tcp.RemoteAddr()) {
		// A connection that has ended already shows it at its first use.
		_ = tcp.SetWriteBuffer(loopbackBytes)
	}
}

func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
