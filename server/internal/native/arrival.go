package native

import (
	"errors"
	"sync"

	"google.golang.org/grpc"

	"github.com/tranship/tranship/internal/grpcdesc"
	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// arrival is a chunk whose payload was not received yet. The goroutine that receives writes the
// payload, piece by piece, for the slot that takes the chunk, which waits. So neither the payload as
// a whole nor a turn of other goroutines is needed for it.
type arrival struct {
	chunk *transhipv1.Chunk
	size  int64
	// taken gets the slot that takes the chunk, or nil if no slot does. It has room for one.
	taken chan *slot
	// ended gets the outcome of the chunk, once if a slot has taken it. It has room for one.
	ended chan error

	// mu is held while a piece is written.
	mu sync.Mutex
	// revoked means that the slot has ended, and that nothing may be written for it.
	revoked bool
	// write belongs to the goroutine that receives, while mu is held.
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

// receivePieces receives the payload of a chunk after its message. The error is that of
// receiving.
func (u *uploadStream) receivePieces(stream grpc.ServerStream, message *payload.Message, a *arrival) error {
	var to *slot
	select {
	case to = <-a.taken:
	case <-u.ctx.Done():
	}
	if to == nil {
		return nil
	}
	for message.Left() > 0 {
		u.awaiting.Store(true)
		err := grpcdesc.ReceiveMore(stream, message)
		u.awaiting.Store(false)
		u.heard.Store(true)
		if err != nil {
			a.ended <- errCut
			return err
		}
		if err := u.writePiece(to, message, a); err != nil {
			a.ended <- err
			return nil
		}
	}
	a.ended <- nil
	return nil
}

// writePiece writes a piece, which it frees. Meanwhile the client waits for the server.
func (u *uploadStream) writePiece(to *slot, piece *payload.Message, a *arrival) (err error) {
	u.pace.Hold()
	defer u.pace.Release()
	a.mu.Lock()
	defer a.mu.Unlock()
	defer u.service.recovered(u.ctx, "upload", &err)
	if a.revoked {
		piece.Free()
		return errCut
	}
	return to.writePiece(a, piece)
}
