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

// discard reads on after the stream has failed, because a client that is sending
// might see a reset instead of the status: for a moment, or, if the client may read
// only after it has sent all, to the end, as long as it makes no pause. It reports
// whether the client half-closed.
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
	// data is the payload of a chunk or put, which is not in the request. Whoever
	// has it frees it.
	data *payload.Message
	err  error
}

// receive hands on messages until the stream's context ends or receiving fails.
func (u *uploadStream) receive(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse]) <-chan received {
	requests := make(chan received)
	go func() {
		for {
			request := &transhipv1.UploadRequest{}
			message := wire.NewUploadRequest(request)
			err := grpcdesc.Receive(stream, message)
			select {
			case requests <- received{request, message, err}:
			case <-u.ctx.Done():
				message.Free()
				return
			}
			// After what is no message the stream has failed, and is read on.
			if err != nil && status.Code(err) != codes.InvalidArgument {
				return
			}
		}
	}()
	return requests
}
