package payload

import (
	"sync/atomic"

	"google.golang.org/grpc/mem"

	"github.com/tranship/tranship"
)

// owner is the buffer pool of a chunk's pieces. It releases the chunk when gRPC has put
// back all of them.
type owner struct {
	chunk tranship.Chunk
	refs  atomic.Int32
}

var _ mem.BufferPool = (*owner)(nil)

// Get implements mem.BufferPool. gRPC does not get buffers from an owner.
func (o *owner) Get(length int) *[]byte { return new(make([]byte, length)) }

// Put implements mem.BufferPool.
func (o *owner) Put(*[]byte) { o.done() }

func (o *owner) done() {
	if o.refs.Add(-1) == 0 {
		o.chunk.Release()
	}
}
