package native

import (
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/internal/grpcdesc"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// discard reads on after the stream has failed, because a client that is sending might
// see a reset in place of the status. It reads for discardTime; with all, for a client
// that reads only after it has sent everything, as long as the client pauses for less than
// that. It reports whether the client half-closed.
func (u *uploadStream) discard(all bool) bool {
	enough := time.NewTimer(discardTime)
	defer enough.Stop()
	for {
		select {
		case <-u.inbox.ready:
			taken := u.inbox.take()
			for _, next := range taken {
				u.free(next)
				if next.err != nil && status.Code(next.err) != codes.InvalidArgument {
					return errors.Is(next.err, io.EOF)
				}
			}
			u.inbox.done(taken, nil)
			if all {
				enough.Reset(discardTime)
			}
		case <-enough.C:
			return false
		case <-u.ctx.Done():
			return false
		}
	}
}

// receive adds the messages that arrive to the inbox, until the stream's context ends or
// receiving fails. It adds the error as well.
func (u *uploadStream) receive(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse]) {
	earlier := wire.NewUploadRequest(nil)
	// lent has a slot for which this goroutine writes chunks; nil if there is none.
	var lent *arrival
	for {
		message := u.spare.get()
		request := message.Proto.(*transhipv1.UploadRequest)
		message.Reuse(earlier)
		earlier = message
		message.InPieces(wire.ChunkPlace(), u.service.sessions.pieceBytes())
		u.awaiting.Store(true)
		err := grpcdesc.Receive(stream, message)
		u.awaiting.Store(false)
		if err != nil || !lent.follow(request.GetChunk(), message.Left()) {
			lent.giveBack()
			var ok bool
			if lent, ok = u.deliver(received{request: request, data: message, err: err}); !ok {
				return
			}
		}
		if lent != nil {
			lent, err = u.receivePieces(stream, message, lent)
			if err != nil && !u.inbox.add(u.ctx, received{request: request, data: message, err: err}) {
				return
			}
		}
		u.arrived.Add(1)
		// A message that cannot be decoded fails the stream, which discard reads on.
		if err != nil && status.Code(err) != codes.InvalidArgument {
			return
		}
	}
}

// deliver adds a message, or the error of receiving, to the inbox. If a slot takes a chunk of which
// the payload follows, deliver returns the arrival, and otherwise nil. ok is false if the stream has
// ended.
func (u *uploadStream) deliver(next received) (lent *arrival, ok bool) {
	if next.err == nil {
		next.envelope = next.data.Envelope()
		if size := int64(next.data.Len()); size <= wire.MaxChunkBytes {
			if u.holdMessage(&next, size) != nil {
				next.data.Free()
				return nil, false
			}
		}
		if left := next.data.Left(); left > 0 {
			next.arrival = newArrival(next.request.GetChunk(), left)
		}
	}
	if !u.inbox.add(u.ctx, next) {
		u.free(next)
		return nil, false
	}
	if next.arrival == nil {
		return nil, true
	}
	return u.awaitSlot(next.arrival), true
}

// holdMessage waits until there is room for the payload of a message.
func (u *uploadStream) holdMessage(next *received, size int64) (err error) {
	if next.request.GetChunk() != nil {
		next.chunk, err = u.holdArrived(size)
	} else {
		err = u.hold(size)
	}
	if err == nil {
		next.held = size
	}
	return err
}

// free frees the payload of a message that is not handled.
func (u *uploadStream) free(message received) {
	message.data.Free()
	if message.chunk != nil {
		u.dropChunk(message.chunk)
	} else {
		u.drop(message.held)
	}
	message.arrival.reject()
}

// endReceiving frees the messages that were received and not handled, also those that receive
// still receives.
func (u *uploadStream) endReceiving() {
	for _, left := range u.inbox.close() {
		u.free(left)
	}
}
