package tlstransport

import (
	"net"
	"sync"
)

// batchBytes is how much is written to a connection in one call: 256 KiB, which grpc-go
// writes in one call, in records of 16 KiB and 22 bytes.
const batchBytes = 260 << 10

// batch is a connection that buffers writes between begin and end. Other writes, such as
// those of a handshake or an alert, go out immediately. It is safe for concurrent use.
type batch struct {
	net.Conn
	// buffers has the buffers that no connection uses.
	buffers *sync.Pool

	mu sync.Mutex
	// writers counts the calls of begin without an end.
	writers int
	// held is what is buffered; nil if nothing is.
	held *[]byte
}

// Write implements net.Conn.
func (b *batch) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held != nil && len(*b.held)+len(p) > batchBytes {
		if err := b.flushLocked(); err != nil {
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

// end writes what is buffered. An error is that of this write.
func (b *batch) end() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writers--
	return b.flushLocked()
}

// flushLocked writes what is buffered. The caller must hold mu.
func (b *batch) flushLocked() error {
	if b.held == nil {
		return nil
	}
	_, err := b.Conn.Write(*b.held)
	*b.held = (*b.held)[:0]
	b.buffers.Put(b.held)
	b.held = nil
	return err
}
