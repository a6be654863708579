package tlstransport

import (
	"net"
	"sync"
)

// batchBytes is how much is written to a connection at once: 256 KiB, which grpc-go
// writes at once, in records of 16 KiB and 22 bytes.
const batchBytes = 260 << 10

// batch is a connection that holds writes back between begin and end. What else is
// written, such as a handshake or an alert, goes out at once. It is safe for concurrent
// use, as connections are.
type batch struct {
	net.Conn
	// buffers has those that no connection needs now.
	buffers *sync.Pool

	mu sync.Mutex
	// writers are between begin and end.
	writers int
	// held is nil if nothing is held back.
	held *[]byte
}

// Write implements net.Conn.
func (b *batch) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held != nil && len(*b.held)+len(p) > batchBytes {
		if err := b.flush(); err != nil {
			return 0, err
		}
	}
	if b.writers == 0 || len(p) > batchBytes {
		return b.Conn.Write(p)
	}
	if b.held == nil {
		b.held = b.buffer()
	}
	*b.held = append(*b.held, p...)
	return len(p), nil
}

func (b *batch) buffer() *[]byte {
	if buffer, ok := b.buffers.Get().(*[]byte); ok {
		return buffer
	}
	return new(make([]byte, 0, batchBytes))
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
	if b.held == nil {
		return nil
	}
	_, err := b.Conn.Write(*b.held)
	*b.held = (*b.held)[:0]
	b.buffers.Put(b.held)
	b.held = nil
	return err
}
