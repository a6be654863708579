// Package bufferpool provides a pool of buffers for payloads. Unlike gRPC's pool, it does
// not clear a buffer that is reused: users of this pool write a buffer before they read
// it, and clearing costs as much as a copy.
package bufferpool

import (
	"math/bits"
	"sync"

	"google.golang.org/grpc/mem"
)

// Tiers are the powers of two from 1 KiB, below which gRPC does not pool, to 4 MiB.
// Common sizes (frames of 16 KiB, chunks of 256 KiB and 1 MiB) fit exactly.
const (
	leastBits = 10
	mostBits  = 22
)

// Pool is a mem.BufferPool. The zero value is empty and ready to use. It is safe for
// concurrent use.
type Pool struct {
	tiers [mostBits - leastBits + 1]sync.Pool
}

var _ mem.BufferPool = (*Pool)(nil)

// tier returns the tier whose buffers have room for length bytes. Larger buffers are not
// pooled.
func tier(length int) int {
	if length <= 1<<leastBits {
		return 0
	}
	return bits.Len(uint(length-1)) - leastBits
}

// Get implements mem.BufferPool. The buffer's content is arbitrary.
func (p *Pool) Get(length int) *[]byte {
	n := tier(length)
	if n >= len(p.tiers) {
		return new(make([]byte, length))
	}
	if buffer, ok := p.tiers[n].Get().(*[]byte); ok {
		*buffer = (*buffer)[:length]
		return buffer
	}
	return new(make([]byte, length, 1<<(n+leastBits)))
}

// Put implements mem.BufferPool.
func (p *Pool) Put(buffer *[]byte) {
	capacity := cap(*buffer)
	n := tier(capacity)
	if n >= len(p.tiers) || capacity != 1<<(n+leastBits) {
		return // the buffer is not from this pool
	}
	p.tiers[n].Put(buffer)
}
