package native

import (
	"errors"
	"sync"

	"google.golang.org/grpc"

	"github.com/tranship/tranship/internal/grpcdesc"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// arrival is a chunk whose payload was not received yet, and the chunks of the same slot that
// follow it without another message in between. The goroutine that receives writes their payload,
// piece by piece, for the slot that takes the first, which waits. So neither the payload of a chunk as
// a whole nor a turn of other goroutines for each chunk is needed.
type arrival struct {
	// chunk is the chunk that is arriving, and size how many bytes it has.
	chunk *transhipv1.Chunk
	size  int64
	// taken gets the slot that takes the chunk, or nil if no slot does. It has room for one.
	taken chan *slot
	// to is that slot. It belongs to the goroutine that receives.
	to *slot
	// ended gets the outcome of the last chunk, once if a slot has taken the first. It has room
	// for one.
	ended chan error

	// mu is held while a piece is written.
	mu sync.Mutex
	// revoked means that the slot has ended, and that nothing may be written for it.
	revoked bool
	// write is how far chunk is. The goroutine that receives uses it, and chunk and size, while it
	// holds mu.
	write chunkWrite
}

// errCut is the outcome of a chunk whose payload does not arrive: the stream ends.
var errCut = errors.New("the stream ended within a chunk")

func newArrival(chunk *transhipv1.Chunk, size int) *arrival {
	return &arrival{chunk: chunk, size: int64(size), taken: make(chan *slot, 1), ended: make(chan error, 1)}
}

// reject lets the payload be dropped. It does nothing for nil.
func (a *arrival) reject() {
	if a != nil {
		a.taken <- nil
	}
}

// revoke makes nothing more be written. It waits for what is being written. It does nothing
// for nil.
func (a *arrival) revoke() {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.revoked = true
}

// follow makes a chunk of size bytes the one that is arriving, if it is of the slot of the one
// before, which has arrived. It returns false otherwise, and for nil.
func (a *arrival) follow(chunk *transhipv1.Chunk, size int) bool {
	if a == nil || size == 0 || size > wire.MaxChunkBytes || chunk.GetSlot() != a.to.id {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.chunk, a.size, a.write = chunk, int64(size), chunkWrite{}
	return true
}

// giveBack lets the slot handle other events, after a chunk that has arrived. It does nothing for
// nil.
func (a *arrival) giveBack() {
	if a != nil {
		a.ended <- nil
	}
}

// awaitSlot waits until a slot takes the chunk, and returns the arrival, or nil if none takes it.
func (u *uploadStream) awaitSlot(a *arrival) *arrival {
	select {
	case a.to = <-a.taken:
	case <-u.ctx.Done():
	}
	if a.to == nil {
		return nil
	}
	return a
}

// receivePieces receives the payload of a chunk after its message. It returns the arrival if another
// chunk may follow, and nil if the slot has its outcome. The error is that of receiving.
func (u *uploadStream) receivePieces(stream grpc.ServerStream, message *payload.Message, a *arrival) (*arrival, error) {
	for message.Left() > 0 {
		u.awaiting.Store(true)
		err := grpcdesc.ReceiveMore(stream, message)
		u.awaiting.Store(false)
		u.heard.Store(true)
		if err != nil {
			a.ended <- errCut
			return nil, err
		}
		if err := u.writePiece(message, a); err != nil {
			a.ended <- err
			return nil, nil //nolint:nilerr // the slot has it
		}
	}
	return a, nil
}

// writePiece writes a piece, which it frees. Meanwhile the client waits for the server.
func (u *uploadStream) writePiece(piece *payload.Message, a *arrival) (err error) {
	u.pace.Hold()
	defer u.pace.Release()
	a.mu.Lock()
	defer a.mu.Unlock()
	defer u.service.recovered(u.ctx, "upload", &err)
	if a.revoked {
		piece.Free()
		return errCut
	}
	return a.to.writePiece(a, piece)
}
