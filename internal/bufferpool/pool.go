// Package bufferpool provides a pool of buffers for payloads. Unlike gRPC's pool, it does
// not clear a buffer that is reused: users of this pool write a buffer before they read
// it, and clearing costs as much as a copy.
package bufferpool

import (
	"math/bits"
	"sync"

	"google.golang.org/grpc/mem"
)

// Tiers are the powers of two from 1 KiB, below which gRPC does not pool, to 4 MiB. Common
// sizes (frames of 16 KiB, chunks of 256 KiB and 1 MiB) fit exactly. From 64 KiB, a tier has
// envelope bytes more, a page of Go's allocator, so that a message with a chunk and its envelope
// does not take twice the memory of the chunk.
const (
	leastBits     = 10
	mostBits      = 22
	envelopedBits = 16
	envelope      = 8 << 10
)

// capacity is the size of the buffers of a tier.
func capacity(tier int) int {
	size := 1 << (tier + leastBits)
	if size >= 1<<envelopedBits {
		size += envelope
	}
	return size
}

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
	n := bits.Len(uint(length-1)) - leastBits
	if length <= capacity(n-1) {
		return n - 1
	}
	return n
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
	return new(make([]byte, length, capacity(n)))
}

// Put implements mem.BufferPool.
func (p *Pool) Put(buffer *[]byte) {
	n := tier(cap(*buffer))
	if n >= len(p.tiers) || cap(*buffer) != capacity(n) {
		return // the buffer is not from this pool
	}
	p.tiers[n].Put(buffer)
}
