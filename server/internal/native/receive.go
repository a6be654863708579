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
	for {
		message := u.spare.get()
		request := message.Proto.(*transhipv1.UploadRequest)
		message.Reuse(earlier)
		earlier = message
		message.InPieces(wire.ChunkPlace())
		u.awaiting.Store(true)
		err := grpcdesc.Receive(stream, message)
		u.awaiting.Store(false)
		next := received{request: request, data: message, err: err}
		if err == nil && message.Left() > 0 {
			next.arrival = newArrival(request.GetChunk(), message.Left())
		} else {
			u.arrived.Add(1)
		}
		if err == nil {
			next.envelope = message.Envelope()
			if size := int64(message.Len()); size <= wire.MaxChunkBytes {
				if err := u.hold(size); err != nil { // the stream's context has ended
					message.Free()
					return
				}
				next.held = size
			}
		}
		if !u.inbox.add(u.ctx, next) {
			u.free(next)
			return
		}
		if next.arrival != nil {
			err = u.receivePieces(stream, message, next.arrival)
			u.arrived.Add(1)
			if err != nil && !u.inbox.add(u.ctx, received{request: request, data: message, err: err}) {
				return
			}
		}
		// A message that cannot be decoded fails the stream, which discard reads on.
		if err != nil && status.Code(err) != codes.InvalidArgument {
			return
		}
	}
}

// free frees the payload of a message that is not handled.
func (u *uploadStream) free(message received) {
	message.data.Free()
	u.drop(message.held)
	message.arrival.reject()
}

// endReceiving frees the messages that were received and not handled, also those that receive
// still receives.
func (u *uploadStream) endReceiving() {
	for _, left := range u.inbox.close() {
		u.free(left)
	}
}
