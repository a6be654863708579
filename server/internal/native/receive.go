package native

import (
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/internal/grpcdesc"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// discard reads on after the stream has failed, because a client that is sending might
// see a reset in place of the status. It reads for discardTime; with all, for a client
// that reads only after it has sent everything, as long as the client pauses for less than
// that. It reports whether the client half-closed.
func (u *uploadStream) discard(requests <-chan received, all bool) bool {
	enough := time.NewTimer(discardTime)
	defer enough.Stop()
	for {
		select {
		case next := <-requests:
			next.data.Free()
			if next.err != nil && status.Code(next.err) != codes.InvalidArgument {
				return errors.Is(next.err, io.EOF)
			}
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

// received is a message or the error that ended receiving.
type received struct {
	request *transhipv1.UploadRequest
	// data is the payload of a chunk or put, which is not in the request. The function
	// that takes it frees it.
	data *payload.Message
	err  error
}

// receive returns a channel of the messages that arrive, until the stream's context ends or
// receiving fails.
func (u *uploadStream) receive(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse]) <-chan received {
	requests := make(chan received)
	go func() {
		for {
			request := &transhipv1.UploadRequest{}
			message := wire.NewUploadRequest(request)
			u.awaiting.Store(true)
			err := grpcdesc.Receive(stream, message)
			u.awaiting.Store(false)
			u.arrived.Add(1)
			select {
			case requests <- received{request, message, err}:
			case <-u.ctx.Done():
				message.Free()
				return
			}
			// A message that cannot be decoded fails the stream, which discard reads on.
			if err != nil && status.Code(err) != codes.InvalidArgument {
				return
			}
		}
	}()
	return requests
}
