package payload

import (
	"sync/atomic"

	"google.golang.org/grpc/mem"

	"github.com/tranship/tranship"
)

// owner releases a chunk when gRPC has put back all pieces of it, as if they were a
// pool's.
type owner struct {
	chunk tranship.Chunk
	refs  atomic.Int32
}

var _ mem.BufferPool = (*owner)(nil)

// Get implements mem.BufferPool. Nobody asks an owner for buffers.
func (o *owner) Get(length int) *[]byte { return new(make([]byte, length)) }

// Put implements mem.BufferPool.
func (o *owner) Put(*[]byte) { o.done() }

func (o *owner) done() {
	if o.refs.Add(-1) == 0 {
		o.chunk.Release()
	}
}
