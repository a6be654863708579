package pipenet

import (
	"net"
	"sync/atomic"
)

// Freezable is a connection that, once Frozen is set, takes bytes and forwards nothing in
// either direction, like one to a stopped process or a lost machine behind a middlebox that
// acknowledges. It is safe for concurrent use.
type Freezable struct {
	net.Conn
	Frozen atomic.Bool
}

// Write implements net.Conn.
func (f *Freezable) Write(p []byte) (int, error) {
	if f.Frozen.Load() {
		return len(p), nil
	}
	return f.Conn.Write(p)
}

// Read implements net.Conn.
func (f *Freezable) Read(p []byte) (int, error) {
	for {
		n, err := f.Conn.Read(p)
		if err != nil || !f.Frozen.Load() {
			return n, err
		}
	}
}
