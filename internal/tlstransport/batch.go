package tlstransport

import (
	"net"
	"sync"
)

// batchBytes is how much is written to a connection at once: what grpc-go writes at once,
// in records.
const batchBytes = 72 << 10

// batch is a connection that holds writes back between begin and end. What else is
// written, such as a handshake or an alert, goes out at once. It is safe for concurrent
// use, as connections are.
type batch struct {
	net.Conn

	mu sync.Mutex
	// writers are between begin and end.
	writers int
	held    []byte
}

// Write implements net.Conn.
func (b *batch) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.held)+len(p) > batchBytes {
		if err := b.flush(); err != nil {
			return 0, err
		}
	}
	if b.writers == 0 || len(p) > batchBytes {
		return b.Conn.Write(p)
	}
	if b.held == nil {
		b.held = make([]byte, 0, batchBytes)
	}
	b.held = append(b.held, p...)
	return len(p), nil
}

func (b *batch) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writers++
}

// end writes what is held, if nobody else is going to.
func (b *batch) end() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writers--
	return b.flush()
}

// flush writes what is held. The caller holds mu.
func (b *batch) flush() error {
	if len(b.held) == 0 {
		return nil
	}
	_, err := b.Conn.Write(b.held)
	b.held = b.held[:0]
	return err
}
